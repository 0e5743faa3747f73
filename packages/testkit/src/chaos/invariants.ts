/** After the last fault: what must hold of every execution and loop, by Postgres, K/V and the api. */
import { loopKey, readLoopState } from '@noetl/bus';
import { fetchAsAdmin } from '../auth.ts';
import { FAILS_SQL, STEP, VALUE_SQL, fails, type LoopPlan } from './workload.ts';
import type { World } from './world.ts';

export interface Started {
  execution_id: string;
  plan: LoopPlan;
}

export interface Findings {
  /** Items without a row; rows that are too many. */
  lost: number;
  doubled: number;
  /** Loops that were closed before their last row, or more than once. */
  early_joins: number;
  /** Executions without an end, and work that is still open. */
  stuck: number;
  /** Items that failed because faults hit their worker at that very item, twice. */
  blamed: number;
  /** Everything else that does not hold, in words. */
  wrong: string[];
}

interface LoopCounts {
  loop_id: string;
  size: number;
  completed: number;
  failed: number;
  state: string;
  rows: number;
  distinct_rows: number;
  failed_rows: number;
  bad_values: number;
  blamed: number;
  last_row: Date;
}

/** One row a loop; the items' rows are read once. */
const COUNTS = `
  SELECT l.loop_id::text, l.size, l.completed, l.failed, l.state, r.*
  FROM noetl.loop AS l, LATERAL (
    SELECT count(*)::int AS rows, count(DISTINCT current_index)::int AS distinct_rows,
      (count(*) FILTER (WHERE status = 'FAILED'))::int AS failed_rows,
      (count(*) FILTER (WHERE CASE
        WHEN status = 'FAILED' THEN NOT ${FAILS_SQL} AND result #>> '{error,code}' IS DISTINCT FROM 'WORKER_DIED'
        ELSE ${FAILS_SQL} OR (result ->> 'v')::bigint IS DISTINCT FROM ${VALUE_SQL} END))::int AS bad_values,
      (count(*) FILTER (WHERE status = 'FAILED' AND result #>> '{error,code}' = 'WORKER_DIED'))::int AS blamed,
      max(created_at) AS last_row
    FROM noetl.event
    WHERE execution_id = l.execution_id AND event_id >= l.base_event_id AND event_id < l.base_event_id + l.size
  ) AS r
  WHERE l.execution_id = $1`;

const SEED_QUERY = `
  SELECT count(*)::int AS rows FROM noetl.event
  WHERE execution_id = $1 AND loop_name = $2 AND event_type = 'step.exit'`;

const FACTS = `
  SELECT event_type, loop_id::text, created_at, result -> 'stats' AS stats FROM noetl.event
  WHERE execution_id = $1 AND loop_name IS NULL
    AND event_type IN ('loop.done', 'playbook.completed', 'playbook.failed', 'execution.cancelled')`;

interface Fact {
  event_type: string;
  loop_id: string | null;
  created_at: Date;
  stats: { total: number; success: number; failed: number } | null;
}

/** `mayMiss`: keys of K/V entries that were taken away when their loops were done; nobody makes those again. */
export async function inspect(
  world: World,
  executions: readonly Started[],
  mayMiss: ReadonlySet<string>,
): Promise<Findings> {
  const findings: Findings = { lost: 0, doubled: 0, early_joins: 0, stuck: 0, blamed: 0, wrong: [] };
  for (const execution of executions) await inspectOne(world, execution, mayMiss, findings);
  const { rows } = await world.pool.query<{ open: number }>(
    `SELECT count(*)::int AS open FROM noetl.command WHERE state IN ('pending', 'leased', 'waiting')`,
  );
  const open = rows[0]?.open ?? 0;
  if (open > 0) findings.wrong.push(`${String(open)} commands are open though everything has ended`);
  return findings;
}

async function inspectOne(
  world: World,
  { execution_id, plan }: Started,
  mayMiss: ReadonlySet<string>,
  found: Findings,
): Promise<void> {
  const wrong = (text: string): void => void found.wrong.push(`${plan.name} ${execution_id}: ${text}`);
  const { rows: loops } = await world.pool.query<LoopCounts>(COUNTS, [execution_id]);
  const { rows: facts } = await world.pool.query<Fact>(FACTS, [execution_id]);
  const ends = facts.filter(({ event_type }) => event_type !== 'loop.done');
  if (ends.length === 0) found.stuck += 1;
  if (ends.length > 1) wrong(`${String(ends.length)} terminal events`);
  if (ends[0] && ends[0].event_type !== 'playbook.completed') wrong(`it ended with ${ends[0].event_type}`);
  if (loops.length !== 1) wrong(`${String(loops.length)} loops instead of one`);
  for (const loop of loops) {
    found.lost += plan.items - loop.distinct_rows;
    found.doubled += loop.rows - loop.distinct_rows;
    found.blamed += loop.blamed - (plan.poison === undefined ? 0 : 1);
    if (loop.bad_values > 0) wrong(`${String(loop.bad_values)} rows with a value that is not theirs`);
    if (loop.completed !== loop.rows || loop.failed !== loop.failed_rows)
      wrong(`the loop counts ${String(loop.completed)}/${String(loop.failed)}, its rows are others`);
    const done = facts.filter((fact) => fact.event_type === 'loop.done' && fact.loop_id === loop.loop_id);
    const early = done.some((fact) => fact.created_at < loop.last_row || fact.stats?.total !== loop.rows);
    if (early || done.length > 1) found.early_joins += 1;
    const key = loopKey(execution_id, STEP, loop.loop_id);
    const count = await readLoopState(world.bus, key);
    if (count ? count.completed_count !== loop.rows : !mayMiss.has(key))
      wrong(`K/V says ${String(count?.completed_count)}, Postgres ${String(loop.rows)}`);
  }
  const { rows: seed } = await world.pool.query<{ rows: number }>(SEED_QUERY, [execution_id, STEP]);
  found.doubled += Math.max(0, (seed[0]?.rows ?? 0) - plan.items);
  await readBack(world, { execution_id, plan }, wrong);
}

/** Pages at the beginning, in the middle and at the end, as the api gives them: in order, each with its value. */
async function readBack(
  world: World,
  { execution_id, plan }: Started,
  wrong: (text: string) => void,
): Promise<void> {
  const size = Math.min(100, plan.items);
  for (const from of [0, Math.floor((plan.items - size) / 2), plan.items - size]) {
    const url = `${world.platform.url}/api/executions/${execution_id}/loops/${STEP}/items?after=${String(from - 1)}&limit=${String(size)}`;
    const { items } = (await (await fetchAsAdmin(url)).json()) as {
      items: { current_index: number; result: { v?: number } }[];
    };
    const indexes = items.map((item) => item.current_index);
    const expected = Array.from({ length: size }, (_, place) => from + place);
    if (JSON.stringify(indexes) !== JSON.stringify(expected))
      wrong(`the api gives other items than ${String(from)} and following`);
    const other = items.some(
      ({ current_index: index, result }) =>
        !fails(index) && index !== plan.poison && result.v !== index * 7 + 3,
    );
    if (other) wrong(`the api gives a value that is not the item's, from ${String(from)} on`);
  }
}

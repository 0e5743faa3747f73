/**
 * Registers and runs the heavy loop against a running NoETL, then reads back from Postgres and K/V what happened:
 * the numbers reported are theirs, not ours.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connectBus, loopKey, readLoopState } from '@noetl/bus';
import type { JsonObject } from '@noetl/protocol';
import pg from 'pg';
import { Client, type ExecutionView } from './client.ts';
import { ROOT } from './local/place.ts';
import type { Terminal } from './terminal.ts';
import { watchExecution } from './watch.ts';

export interface HeavyLoop {
  items: number;
  /** Bytes in each result. */
  padding: number;
  /** Seconds each item takes. */
  delay: number;
  mode: 'sequential' | 'parallel';
  language: 'python' | 'javascript';
}

/** Hears what there is to tell while it runs; a {@link Terminal} fits. */
export type Listener = Pick<Terminal, 'note' | 'progress'> & {
  /** Seconds, 60 at most, in which nobody asks how far it is: for measuring, since questions are work as well. */
  patience_s?: number;
};

export interface HeavyLoopOutcome {
  execution_id: string;
  facts: {
    status: 'PASSED' | 'FAILED';
    items: number;
    /** From the first to the last event of the execution. */
    seconds: number;
    items_per_second: number;
    /** From `loop.started` to `loop.done`. */
    loop_seconds: number;
    loop_items_per_second: number;
    /** Rows of the seed's query. */
    rows: number;
    /** Read from the K/V entry; -1 when there is none. */
    kv_completed_count: number;
  };
  /** What the validating step printed: the box. */
  box: string;
  /** Why it is not PASSED, when the box does not say. */
  failure?: string;
}

export interface Target {
  url: string;
  /** The one that is kept for this server, when absent. */
  token?: string;
  databaseUrl: string;
  natsUrl: string;
}

const LOOP_STEP = 'process_items';
const COUNT_WITHIN_MS = 5000;
const VALIDATING_STEP = 'validate_results';
const FOLDER = join(ROOT, 'playbooks', 'load_test', 'heavy_loop_aggregation');

export async function runHeavyLoop(
  target: Target,
  loop: HeavyLoop,
  listener: Listener,
): Promise<HeavyLoopOutcome> {
  const client = new Client(target.url, target.token);
  const { catalog_id } = await client.register(await playbookText(loop), 'application/yaml');
  const workload: JsonObject = {
    item_count: loop.items,
    result_padding_size: loop.padding,
    processing_delay: loop.delay,
  };
  const { execution_id } = await client.execute(
    { catalog_id },
    { workload },
    { waitS: listener.patience_s ?? 0 },
  );
  let box = '';
  let loopId: string | undefined;
  const execution = await watchExecution(client, execution_id, {
    output: (step, text) => {
      // The box comes last, after the facts.
      if (step === VALIDATING_STEP) box = text;
      else listener.note(text.trimEnd());
    },
    progress: (text) => listener.progress(text),
    event: (event) => {
      if (event.event_type === 'loop.started' && event.node_name === LOOP_STEP)
        loopId = event.loop_id ?? event.event_id;
    },
  });
  const stored = await readPostgres(target.databaseUrl, execution_id, loop.items);
  const kv = loopId === undefined ? -1 : await readCount(target.natsUrl, execution_id, loopId, loop.items);
  const failure = whyFailed(loop, execution, box, stored, kv);
  const { rows, seconds, loopSeconds } = stored;
  return {
    execution_id,
    facts: {
      status: failure === undefined ? 'PASSED' : 'FAILED',
      items: loop.items,
      seconds: Number(seconds.toFixed(3)),
      items_per_second: rate(loop.items, seconds),
      loop_seconds: Number(loopSeconds.toFixed(3)),
      loop_items_per_second: rate(loop.items, loopSeconds),
      rows,
      kv_completed_count: kv,
    },
    box,
    ...(failure !== undefined && { failure }),
  };
}

function rate(items: number, seconds: number): number {
  return seconds > 0 ? Math.round(items / seconds) : 0;
}

/** The shipped playbook, with the loop mode asked for. */
export async function playbookText(loop: Pick<HeavyLoop, 'language' | 'mode'>): Promise<string> {
  const suffix = loop.language === 'javascript' ? '_js' : '';
  const text = await readFile(join(FOLDER, `heavy_loop_aggregation${suffix}.yaml`), 'utf8');
  if (loop.mode === 'sequential') return text;
  // The same playbook with the other loop mode gets a path of its own.
  return text.replace(/^( *mode:) sequential$/m, '$1 parallel').replace(/^( *path: \S+)$/m, '$1_parallel');
}

interface Stored {
  rows: number;
  /** Indexes from 0 to the number of items that have a row with a result; each counts once. */
  indexes: number;
  seconds: number;
  loopSeconds: number;
}

/** The seed's query, counted in the database. */
async function readPostgres(url: string, executionId: string, items: number): Promise<Stored> {
  const db = new pg.Client({ connectionString: url });
  await db.connect();
  try {
    const counted = await db.query<{ rows: number; indexes: number }>(
      `SELECT count(*)::int AS rows,
              count(DISTINCT current_index) FILTER (WHERE current_index BETWEEN 0 AND $2 - 1 AND result IS NOT NULL)::int AS indexes
       FROM noetl.event
       WHERE execution_id = $1 AND loop_name = '${LOOP_STEP}' AND event_type = 'step.exit'`,
      [executionId, items],
    );
    const timed = await db.query<{ seconds: number; loop_seconds: number | null }>(
      `SELECT extract(epoch FROM max(created_at) - min(created_at))::float8 AS seconds,
              extract(epoch FROM max(created_at) FILTER (WHERE event_type = 'loop.done')
                - min(created_at) FILTER (WHERE event_type = 'loop.started'))::float8 AS loop_seconds
       FROM noetl.event WHERE execution_id = $1`,
      [executionId],
    );
    const { rows, indexes } = counted.rows[0] ?? { rows: 0, indexes: 0 };
    const { seconds, loop_seconds } = timed.rows[0] ?? { seconds: 0, loop_seconds: 0 };
    return { rows, indexes, seconds, loopSeconds: loop_seconds ?? 0 };
  } finally {
    await db.end();
  }
}

/** The count in K/V. It is raised after the commit it counts, so the last raise may be a moment away. */
async function readCount(
  url: string,
  executionId: string,
  loopId: string,
  expected: number,
): Promise<number> {
  const bus = await connectBus({ url, name: 'noetl-demo' });
  const deadline = performance.now() + COUNT_WITHIN_MS;
  try {
    for (;;) {
      const state = await readLoopState(bus, loopKey(executionId, LOOP_STEP, loopId));
      const count = state?.completed_count ?? -1;
      if (count >= expected || performance.now() > deadline) return count;
      await pause(20);
    }
  } finally {
    await bus.close();
  }
}

/** The first thing that is not as it must be; undefined when all is well. */
function whyFailed(
  loop: HeavyLoop,
  execution: ExecutionView,
  box: string,
  stored: Stored,
  kv: number,
): string | undefined {
  if (execution.status !== 'COMPLETED') {
    return `The execution ended ${execution.status}: ${JSON.stringify(execution.error ?? execution.result ?? null)}`;
  }
  if (!box.includes('HEAVY LOAD LOOP TEST: PASSED')) return 'The playbook says that its checks did not pass.';
  if (stored.rows !== loop.items)
    return `Postgres holds ${String(stored.rows)} rows, not ${String(loop.items)}.`;
  if (stored.indexes !== loop.items) return 'Not every index is in Postgres exactly once, with its result.';
  // A loop over nothing has no entry in K/V to count in.
  if (kv !== loop.items && loop.items > 0)
    return `K/V counts ${String(kv)} items, not ${String(loop.items)}.`;
  return undefined;
}

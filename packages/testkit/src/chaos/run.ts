/** A chaos run from start to verdict. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { fetchAsAdmin } from '../auth.ts';
import { waitFor } from '../wait.ts';
import { mutated } from '../mutate/mutated.ts';
import { inspect, type Started } from './invariants.ts';
import { Nemesis } from './nemesis.ts';
import { verdictOf, type Verdict } from './report.ts';
import { isKill, scheduleOf, type Fault, type Shape } from './schedule.ts';
import { Watcher } from './watcher.ts';
import { loopsOf, pathOf, playbookOf, type LoopPlan } from './workload.ts';
import { World } from './world.ts';

export interface ChaosOptions extends Shape {
  items: number;
  workers: number;
  /** A worker that is silent for so long counts as dead. */
  ack_wait_s: number;
  /** A deliberate defect. */
  mutate?: string;
  /** Told every fault and, now and then, how far the loops are. */
  log: (line: string) => void;
}

const SLOTS_PER_WORKER = 2;
/** Of the time that the schedule takes: what dies is done again, so the loops take longer than their items. */
const OUTLAST = 0.5;
/** Loops that are started again while there are kills left. */
const MORE_ITEMS_SHARE = 10;
const MORE_ITEMS_LEAST = 500;
const ENDS_WITHIN_MS = 120_000;
const REPORT_EVERY_MS = 10_000;
const TRY_AGAIN_MS = 200;
const REQUEST_MS = 5_000;
const COUNTS_WITHIN_MS = 30_000;
/** An item that kills its worker costs two lease times; a short run has one, too. */
const POISON_FROM_ITEMS = 5_000;

export async function runChaos(options: ChaosOptions): Promise<Verdict> {
  const { seed, kills, items, workers, log } = options;
  const schedule = scheduleOf(options);
  log(`seed ${String(seed)}: ${String(schedule.length)} faults, ${String(kills)} of them kills`);
  const world = await World.start({
    workers,
    links: options.links === true,
    env: { ...timing(options.ack_wait_s), ...(options.mutate !== undefined && mutated(options.mutate)) },
  });
  const watcher = new Watcher(world);
  const nemesis = new Nemesis(world, watcher);
  const started: Started[] = [];
  const began = performance.now();
  const report = setInterval(() => log(`${String(watcher.completed)} items counted`), REPORT_EVERY_MS);
  try {
    const seconds = (schedule.reduce((sum, fault) => sum + fault.after_ms, 0) / 1000) * OUTLAST;
    const slots = workers * SLOTS_PER_WORKER;
    const plans = loopsOf({ items, seconds, slots, poison: items >= POISON_FROM_ITEMS });
    for (const plan of plans) started.push(await begin(world, plan));
    watcher.start();
    let killed = 0;
    const told = ({ kind }: Fault): void => {
      if (isKill(kind)) killed += 1;
      log(`${String(killed)}/${String(kills)} ${kind}`);
    };
    const faults = nemesis.carryOut(schedule, told).then(() => true);
    // Kills must hit something: while there are some left, there are loops.
    while (!(await Promise.race([faults, pause(TRY_AGAIN_MS).then(() => false)]))) {
      if (watcher.loops.length < started.length || watcher.loops.some(({ state }) => state !== 'done'))
        continue;
      const more = Math.max(MORE_ITEMS_LEAST, Math.floor(items / MORE_ITEMS_SHARE));
      for (const plan of loopsOf({ items: more, seconds: seconds / MORE_ITEMS_SHARE, slots, poison: false }))
        started.push(await begin(world, plan));
    }
    await faults;
    log('healing');
    await world.heal();
    await ends(world, started).catch((error: unknown) => log(String(error)));
    await nemesis.settle();
    await watcher.stop();
    await countsArrive(watcher);
    const findings = await inspect(world, started, watcher.mayMiss);
    return verdictOf({
      seed,
      kills,
      items: started.reduce((sum, { plan }) => sum + plan.items, 0),
      seconds: (performance.now() - began) / 1000,
      executions: started.length,
      findings: {
        ...findings,
        wrong: [...findings.wrong, ...watcher.violations, ...world.exits, ...world.alarms()],
      },
      done: nemesis.done,
      recoveries: nemesis.recoveries,
      poisoned: world.poisoned,
    });
  } finally {
    clearInterval(report);
    await watcher.stop();
    await world.stop();
  }
}

function timing(ackWaitS: number): Record<string, string> {
  const [wait, beat] = [String(ackWaitS * 1000), String(Math.floor((ackWaitS * 1000) / 3))];
  return {
    NOETL_LEASE_MS: wait,
    NOETL_CHUNK_ACK_WAIT_MS: wait,
    NOETL_STEP_ACK_WAIT_MS: wait,
    NOETL_HEARTBEAT_MS: beat,
  };
}

/** Registers and starts a loop as a careful client does: with one key, again and again until it is told yes. */
async function begin(world: World, plan: LoopPlan): Promise<Started> {
  const key = randomUUID();
  await insisted(world, '/api/catalog/register', playbookOf(plan), { 'content-type': 'application/yaml' });
  const { execution_id } = await insisted<{ execution_id: string }>(
    world,
    '/api/execute',
    JSON.stringify({ path: pathOf(plan) }),
    { 'content-type': 'application/json', 'idempotency-key': key },
  );
  return { execution_id, plan };
}

async function insisted<T>(
  world: World,
  path: string,
  body: string,
  headers: Record<string, string>,
): Promise<T> {
  return waitFor(
    async () => {
      const signal = AbortSignal.timeout(REQUEST_MS);
      const response = await fetchAsAdmin(`${world.platform.url}${path}`, {
        method: 'POST',
        headers,
        body,
        signal,
      });
      if (!response.ok) throw new Error(`${path} answered ${String(response.status)}`);
      return (await response.json()) as T;
    },
    { what: path, timeoutMs: ENDS_WITHIN_MS, everyMs: TRY_AGAIN_MS },
  );
}

/** Every execution has ended, or there has been nothing new for too long. */
async function ends(world: World, started: readonly Started[]): Promise<void> {
  const ids = started.map(({ execution_id }) => execution_id);
  let moved = performance.now();
  let before = -1;
  await waitFor(
    async () => {
      const { rows } = await world.pool.query<{ open: number; completed: number }>(
        `SELECT (SELECT count(*)::int FROM noetl.execution WHERE execution_id = ANY ($1::bigint[]) AND end_time IS NULL) AS open,
          (SELECT sum(completed)::int FROM noetl.loop) AS completed`,
        [ids],
      );
      const [now] = rows;
      if (now && now.completed !== before) [before, moved] = [now.completed, performance.now()];
      return now?.open === 0 || performance.now() - moved > ENDS_WITHIN_MS;
    },
    { what: 'the end of all executions', timeoutMs: Number.MAX_SAFE_INTEGER, everyMs: TRY_AGAIN_MS },
  );
}

/** The sweeps repair counts that were taken away; what is still missing then is found by the inspection. */
async function countsArrive(watcher: Watcher): Promise<void> {
  const options = { what: 'the counts in K/V', timeoutMs: COUNTS_WITHIN_MS, everyMs: TRY_AGAIN_MS };
  await waitFor(() => watcher.countsMatch(), options).catch(() => undefined);
}

/** The control plane: latency of a step in a chain, executions a second, time to the first item of a loop. */
import pMap from 'p-map';
import { quantile } from 'simple-statistics';
import { chain, firstItem, type StepKind } from '../playbooks.ts';
import { repeated, row, type Row, type RunOptions, type Scenario } from '../scenario.ts';
import { clean, onStage, type Stage } from '../stage.ts';

const CHAIN = 20;
/** Processes are resident: before a step's time says something of them, their code must have run some thousand times. */
const WARM_RUNS = 300;
/** A small measurement has a small one before it. */
const WARM_SHARE = 0.8;
const SHORT = 5;
/** Requests that wait for their answer at once. */
const CLIENTS = 16;
const END_WITHIN_S = 60;

export const steps: Scenario = {
  name: 'steps',
  describe: `A chain of ${String(CHAIN)} steps, one execution at a time: from one step.exit to the next in Postgres; executions of ${String(SHORT)} steps sent by ${String(CLIENTS)} clients; request to first item of a loop.`,
  run: (options) =>
    onStage(options, { workers: options.workers }, async (stage) => {
      const rows: Row[] = [];
      for (const kind of options.quick ? (['python'] as const) : (['python', 'noop'] as const))
        rows.push(...(await chains(stage, options, kind)));
      rows.push(await throughput(stage, options), await toFirstItem(stage, options));
      return rows;
    }),
};

/** p50 and p99 over all steps of all executions; a sample is one round of them. */
async function chains(stage: Stage, options: RunOptions, kind: StepKind): Promise<Row[]> {
  const path = await register(stage, chain(CHAIN, kind));
  options.progress(`warming up with chains of ${kind} steps`);
  await atOnce(stage, path, Math.min(WARM_RUNS, Math.ceil(options.executions * WARM_SHARE)));
  const runs = Math.max(2, Math.ceil(options.executions / 50));
  const rounds = await repeated(
    options.repeat,
    async (round) => {
      await clean(stage.db);
      options.progress(`chain of ${kind} steps: ${String(round)} of ${String(options.repeat)}`);
      for (let run = 0; run < runs; run++) await toEnd(stage, path);
      return stepTimes(stage);
    },
    options.secondsPerFigure,
  );
  const facts = { steps: rounds[0]?.length ?? 0 };
  return [[0.5, 'p50'] as const, [0.99, 'p99'] as const].map(([p, name]) =>
    row({
      key: `steps/${kind}/${name}`,
      label: `${kind} step in a chain of ${String(CHAIN)}, ${name}`,
      unit: 'ms',
      samples: rounds.map((times) => quantile(times, p)),
      facts,
    }),
  );
}

/** Milliseconds from each step's exit to the exit of the step after it. */
async function stepTimes({ db }: Stage): Promise<number[]> {
  const { rows } = await db.query<{ ms: number | null }>(
    `SELECT extract(epoch FROM created_at - lag(created_at) OVER (PARTITION BY execution_id ORDER BY event_id))::float8
       * 1000 AS ms
     FROM noetl.event WHERE event_type = 'step.exit'`,
  );
  return rows.flatMap(({ ms }) => (ms === null ? [] : [ms]));
}

async function throughput(stage: Stage, options: RunOptions): Promise<Row> {
  const path = await register(stage, chain(SHORT, 'python'));
  const samples = await repeated(
    options.repeat,
    async (round) => {
      await clean(stage.db);
      options.progress(
        `${String(options.executions)} executions of ${String(SHORT)} steps: ${String(round)} of ${String(options.repeat)}`,
      );
      const startedAt = performance.now();
      await atOnce(stage, path, options.executions);
      return (options.executions / (performance.now() - startedAt)) * 1000;
    },
    options.secondsPerFigure,
  );
  const facts = { executions: options.executions, clients: CLIENTS };
  return row({
    key: 'steps/executions',
    label: `executions of ${String(SHORT)} python steps`,
    unit: 'executions/s',
    samples,
    facts,
  });
}

/** Executions of one playbook, by several clients that each wait for the end. */
async function atOnce(stage: Stage, path: string, executions: number): Promise<void> {
  await pMap(Array(executions).keys(), () => toEnd(stage, path), { concurrency: CLIENTS });
}

/** From the request to the time at which the first item was stored; both clocks are this machine's. */
async function toFirstItem(stage: Stage, options: RunOptions): Promise<Row> {
  const path = await register(stage, firstItem());
  const samples = await repeated(
    Math.max(5, options.repeat),
    async () => {
      await clean(stage.db);
      options.progress('request to first item');
      const requestedAt = Date.now();
      await toEnd(stage, path);
      const { rows } = await stage.db.query<{ ms: number }>(
        `SELECT (extract(epoch FROM min(created_at)) * 1000)::float8 AS ms FROM noetl.event WHERE loop_name IS NOT NULL`,
      );
      return (rows[0]?.ms ?? NaN) - requestedAt;
    },
    options.secondsPerFigure,
  );
  return row({ key: 'steps/first_item', label: 'request to first item stored', unit: 'ms', samples });
}

export async function register({ client }: Stage, text: string): Promise<string> {
  return (await client.register(text, 'application/yaml')).path;
}

/** Starts an execution and waits for its end in the same request. */
export async function toEnd({ client }: Stage, path: string): Promise<void> {
  const { status, execution_id } = await client.execute({ path }, {}, { waitS: END_WITHIN_S });
  if (status !== 'COMPLETED') throw new Error(`execution ${execution_id} of ${path}: ${status}`);
}

/** Load on a running deployment, over HTTP alone: starts executions of the heavy loop and follows all of them. */
import { setTimeout as pause } from 'node:timers/promises';
import pMap from 'p-map';
import type { Json } from '@noetl/protocol';
import type { Client, ExecutionView } from '../client.ts';
import { CliFailure } from '../failure.ts';
import { playbookText, type HeavyLoop } from '../heavy-loop.ts';

export interface Load extends HeavyLoop {
  /** Started at once. */
  executions: number;
}

/** One execution as it ended; all times are the server's. */
export interface Driven {
  execution_id: string;
  status: string;
  /** Items that succeeded, as the loop's counters say. */
  succeeded: number;
  /** From request to end. */
  seconds: number;
  /** Milliseconds since 1970 of the loop's first and last event; null when it has none. */
  loop_from: number | null;
  loop_to: number | null;
}

/** Items that are done in all executions together, over seconds. */
export type Progress = [seconds: number, done: number][];

interface Run {
  execution_id: string;
  done: number;
  ended?: ExecutionView;
}

const LOOP_STEP = 'process_items';
const LOOK_EVERY_MS = 300;
/** Requests at once. */
const REQUESTS = { concurrency: 8 };
const EVENTS = 500;
const ENDED = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

export async function driveLoad(
  client: Client,
  load: Load,
  hear: (done: number, seconds: number) => void,
): Promise<{ driven: Driven[]; progress: Progress }> {
  const { catalog_id } = await client.register(await benchPlaybook(load), 'application/yaml');
  const workload = {
    item_count: load.items,
    result_padding_size: load.padding,
    processing_delay: load.delay,
  };
  const startedAt = performance.now();
  const start = async (): Promise<Run> => {
    const { execution_id } = await client.execute({ catalog_id }, { workload });
    return { execution_id, done: 0 };
  };
  const runs = await pMap(Array(load.executions).keys(), start, REQUESTS);
  const progress: Progress = [[0, 0]];
  while (runs.some((run) => run.ended === undefined)) {
    await pause(LOOK_EVERY_MS);
    await pMap(runs, (run) => look(client, run), REQUESTS);
    const done = runs.reduce((sum, run) => sum + run.done, 0);
    const seconds = (performance.now() - startedAt) / 1000;
    progress.push([seconds, done]);
    hear(done, seconds);
  }
  return { driven: await pMap(runs, (run) => drivenOf(client, run), REQUESTS), progress };
}

/** The playbook that comes with the product, under a path that is nobody else's. */
async function benchPlaybook(load: Load): Promise<string> {
  const text = await playbookText(load);
  return text.replace(/^( *path:) load_test\//m, '$1 bench/');
}

/** Status before counters: those of an execution that has ended are final. */
async function look(client: Client, run: Run): Promise<void> {
  if (run.ended) return;
  const execution = await client.execution(run.execution_id);
  run.done = await itemsDone(client, run.execution_id);
  if (ENDED.has(execution.status)) run.ended = execution;
}

/** 0 before the loop has begun. */
async function itemsDone(client: Client, id: string): Promise<number> {
  try {
    return (await client.loop(id, LOOP_STEP)).succeeded;
  } catch (error) {
    if (error instanceof CliFailure && error.code === 'LOOP_UNKNOWN') return 0;
    throw error;
  }
}

async function drivenOf(client: Client, { execution_id, done, ended }: Run): Promise<Driven> {
  const { events } = await client.events(execution_id, {
    after: undefined,
    limit: EVENTS,
    iterations: false,
  });
  const at = (type: string): number | null => {
    const event = events.find((one) => one.event_type === type && one.node_name === LOOP_STEP);
    return event === undefined ? null : millis(event.created_at);
  };
  return {
    execution_id,
    status: ended?.status ?? 'UNKNOWN',
    succeeded: done,
    seconds: (millis(ended?.['end_time']) - millis(ended?.['start_time'])) / 1000,
    loop_from: at('loop.started'),
    loop_to: at('loop.done'),
  };
}

function millis(time: Json | undefined): number {
  return typeof time === 'string' ? Date.parse(time) : NaN;
}

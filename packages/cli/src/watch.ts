/** Follows one execution over HTTP until it ends: the steps' output as it comes, loops as one line of progress. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client, EventView, ExecutionView, LoopView } from './client.ts';
import { CliFailure, EXIT } from './failure.ts';
import { clock, grouped } from './terminal.ts';

export interface Watcher {
  /** What a step has printed. */
  output(step: string, text: string): void;
  /** One line that says where the execution is. */
  progress(text: string): void;
  /** Every event except the iterations of loops. */
  event?(event: EventView): void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 400;
const PAGE = 500;
/** While a loop counts, other events are read this often. */
const QUIET_MS = 3000;
/** A server that restarts is waited for this long. */
const PATIENCE_MS = 60_000;
const ENDED = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);

/** Resolves with the execution as it ended. `after`: an event that is not told, nor what was before it. */
export async function watchExecution(
  client: Client,
  id: string,
  watcher: Watcher,
  after?: string,
): Promise<ExecutionView> {
  const seen: Seen = {
    after,
    running: new Set(),
    loops: new Set(),
    counting: false,
    readAt: -Infinity,
  };
  let pauseMs = FIRST_PAUSE_MS;
  let answeredAt = performance.now();
  for (;;) {
    try {
      // Status before events: when it says "ended", the events that follow are complete.
      const execution = await client.execution(id);
      const ended = ENDED.has(execution.status);
      // While iterations are counted little else happens, and reading past all of them is work for the database.
      const line = ended ? undefined : await progressLine(client, id, seen);
      const quiet = seen.counting && performance.now() - seen.readAt < QUIET_MS;
      if (ended || !quiet) await readEvents(client, id, seen, watcher);
      if (ended) return execution;
      if (line !== undefined) watcher.progress(line);
      answeredAt = performance.now();
    } catch (error) {
      const waiting = performance.now() - answeredAt;
      if (!(error instanceof CliFailure) || error.exitCode !== EXIT.unreachable || waiting > PATIENCE_MS)
        throw error;
      watcher.progress(`waiting for ${client.url}`);
    }
    await pause(pauseMs);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.5);
  }
}

interface Seen {
  /** Id of the last event read. */
  after: string | undefined;
  /** Steps entered and not left. */
  running: Set<string>;
  /** Loop steps that run. */
  loops: Set<string>;
  /** Whether one of them still has items to count. */
  counting: boolean;
  /** When events were read last. */
  readAt: number;
}

async function readEvents(client: Client, id: string, seen: Seen, watcher: Watcher): Promise<void> {
  seen.readAt = performance.now();
  for (;;) {
    const { events } = await client.events(id, { after: seen.after, limit: PAGE, iterations: false });
    for (const event of events) {
      seen.after = event.event_id;
      // One iteration of a loop: counted by the loop, not told one by one.
      if (event.loop_name != null && event.event_type === 'step.exit') continue;
      note(seen, event);
      watcher.event?.(event);
      const text = event.event_type === 'step.exit' ? event.meta?.['stdout'] : undefined;
      if (typeof text === 'string' && text !== '') watcher.output(event.node_name, text);
    }
    if (events.length < PAGE) return;
  }
}

function note(seen: Seen, { event_type, node_name }: EventView): void {
  if (event_type === 'step.enter') seen.running.add(node_name);
  if (event_type === 'loop.started') seen.loops.add(node_name);
  if (event_type === 'loop.done') seen.loops.delete(node_name);
  if (event_type === 'step.exit' || event_type === 'loop.done') seen.running.delete(node_name);
}

async function progressLine(client: Client, id: string, seen: Seen): Promise<string | undefined> {
  const parts: string[] = [];
  seen.counting = false;
  for (const step of seen.loops) {
    const loop = await client.loop(id, step);
    seen.counting ||= loop.pending + loop.running > 0;
    parts.push(loopProgress(step, loop));
  }
  for (const step of seen.running) if (!seen.loops.has(step)) parts.push(step);
  return parts.length === 0 ? undefined : parts.join('   ');
}

/** `process_items 5,231 / 10,000 (52 %), 12,400 items/s, 0:03 left, 2 failed`. */
export function loopProgress(
  step: string,
  loop: Pick<LoopView, 'succeeded' | 'failed' | 'total' | 'items_per_second'>,
): string {
  const done = loop.succeeded + loop.failed;
  const percent = loop.total === 0 ? 100 : Math.floor((done / loop.total) * 100);
  const parts = [`${step} ${grouped(done)} / ${grouped(loop.total)} (${String(percent)} %)`];
  const rate = loop.items_per_second;
  if (rate > 0) {
    parts.push(`${grouped(rate)} items/s`);
    if (done < loop.total) parts.push(`${clock((loop.total - done) / rate)} left`);
  }
  if (loop.failed > 0) parts.push(`${grouped(loop.failed)} failed`);
  return parts.join(', ');
}

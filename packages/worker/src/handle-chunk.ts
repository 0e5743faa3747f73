/** A claimed chunk, from its items to the commit: run, finish in one fenced transaction, then tell the others. */
import { loopKey, publishAggregate, publishCommand, raiseCompleted } from '@noetl/bus';
import { NoetlError, windowOf, type ChunkCommand, type ErrorInfo, type LoopState } from '@noetl/protocol';
import {
  chosenIndexes,
  chunkItems,
  finishChunk,
  isStorable,
  type Claim,
  type IterationRow,
  type LoopRow,
} from '@noetl/store';
import { carefulOf, alone } from './careful.ts';
import { nextChunkSize } from './chunk-budget.ts';
import { claimFrame, mustSplit } from './claim-frame.ts';
import { environmentOf, type CommandEnvironment } from './environment.ts';
import { failedRow, failureText } from './failed-row.ts';
import { ChunkGate, gateOf } from './gate.ts';
import type { Lease } from './leases.ts';
import { stopsOnError, type LoopContext } from './loop-context.ts';
import { whileHeld } from './persist.ts';
import { progressOf } from './progress.ts';
import { runChunk, type ChunkResult } from './run-chunk.ts';
import { suspendOrGoOn } from './suspend.ts';
import { childrenOf } from './tasks.ts';
import type { WorkerDeps } from './worker-deps.ts';

type Finished = Extract<Awaited<ReturnType<typeof finishChunk>>, { committed: true }> & {
  stored: IterationRow[];
};
type Claimed = Extract<Claim, { kind: 'claimed' }>;

/** What there is to store of a chunk. */
type Work = Pick<ChunkResult, 'rows' | 'stop' | 'ctx' | 'bytes' | 'elapsed_ms'> & {
  remaining: [number, number][];
  drained?: boolean;
};

const NOTHING = { rows: [], stop: false, ctx: {}, bytes: 0, elapsed_ms: 0 };

export function handleChunk(
  deps: WorkerDeps,
  command: ChunkCommand,
  claimed: Claimed,
  lease: Lease,
): Promise<void> {
  const handled = (): Promise<void> => runAndFinish(deps, command, claimed, lease);
  return claimed.deaths > 0 ? alone(handled) : handled();
}

async function runAndFinish(
  deps: WorkerDeps,
  command: ChunkCommand,
  claimed: Claimed,
  lease: Lease,
): Promise<void> {
  const { signal } = lease;
  const startedAt = deps.clock();
  const startMs = deps.nowMs();
  const context = await deps.loops(command);
  const { step, loop, playbook } = context;
  const { execution_id } = loop;
  const part = `command:${command.command_id}` as const;
  const traceparent = await deps.traces?.traceparent(execution_id, part);
  const about = { execution_id, step: step.name, context: loop.context, playbook, signal, traceparent };
  const around = environmentOf(deps, about);
  const work = await workOf({ ...deps, lease }, command, claimed, context, around);
  if (!work || signal.aborted) return;
  await deps.failpoint('worker.ran');
  const finished = await whileHeld(lease, deps.log, () => finish(deps, command, context, work));
  await deps.failpoint('worker.committed');
  if (finished) {
    const counts = countsOf(finished.stored, work.remaining);
    deps.record.chunk({ seconds: (deps.clock() - startedAt) / 1000, ...counts });
    deps.traces?.record(execution_id, {
      part,
      under: `event:${loop.loop_id}`,
      link: `event:${loop.loop_id}`,
      name: `${step.name} [chunk]`,
      startMs,
      endMs: deps.nowMs(),
      attributes: {
        'noetl.kind': 'chunk',
        'noetl.items': finished.stored.length,
        'noetl.failed': counts.failed,
      },
    });
    await announce(deps, loop, finished);
  }
  await deps.failpoint('worker.announced');
}

/** Claims the items when the chunk has none yet, and runs them; undefined when there is nothing to finish. */
async function workOf(
  deps: WorkerDeps & { lease: Lease },
  command: ChunkCommand,
  claimed: Claimed,
  context: LoopContext,
  around: CommandEnvironment,
): Promise<Work | undefined> {
  const { execution_id, command_id, from_index, to_index } = command;
  if (from_index !== undefined && to_index !== undefined)
    return runRange(deps, command, claimed, context, around, { from: from_index, to: to_index });
  const { attempt, ctx, deaths } = claimed;
  const gate = gateOf(deps.permits, deps.lease);
  const frame = await claimFrame(
    deps,
    context,
    { execution_id, command_id, attempt, ctx, deaths },
    around,
    gate,
  );
  switch (frame.kind) {
    case 'lost':
      return undefined;
    case 'drained':
      return { ...NOTHING, remaining: [], drained: true };
    case 'failed':
      return { ...NOTHING, rows: [failedRow(frame.from, 'null', frame.error)], remaining: [], stop: true };
    case 'items':
      return runRange(deps, command, claimed, context, around, frame);
  }
}

async function runRange(
  deps: WorkerDeps & { lease: Lease },
  command: ChunkCommand,
  claimed: Claimed,
  context: LoopContext,
  { environment, redactor, values, names }: CommandEnvironment,
  { from, to }: { from: number; to: number },
): Promise<Work | undefined> {
  const { ctx, progress, loop_failed } = claimed;
  if (mustSplit(context, to - from)) {
    const singles = Array.from({ length: to - from }, (_, offset): [number, number] => [
      from + offset,
      from + offset + 1,
    ]);
    return { ...NOTHING, remaining: singles };
  }
  const { items, indexes } = await chunkItems(deps.store, context.loop, from, to);
  const { toolbox, clock, permits, lease } = deps;
  const gate = new ChunkGate(permits, lease);
  const tools = { environment, redactor, toolbox, values, clock, names, children: childrenOf(deps), gate };
  const careful = carefulOf(deps, command, claimed);
  const places = { from, to, items, ...(indexes && { indexes }) };
  const chunk = { context, ...places, ctx, loop_failed, ...tools, ...(careful && { careful }) };
  const result = await suspendOrGoOn(deps, command, progressOf(progress), (resumed) =>
    runChunk(chunk, resumed),
  );
  return result && { ...result, remaining: result.next < to ? [[result.next, to]] : [] };
}

/** All items of a chunk that can never be finished, as failed ones. */
export async function failChunk(deps: WorkerDeps, command: ChunkCommand, error: ErrorInfo): Promise<void> {
  const context = await deps.loops(command);
  const { loop } = context;
  const { from_index: from = 0, to_index: to = 0 } = command;
  const indexes = loop.redrive ? await chosenIndexes(deps.store, loop, loop.redrive, from, to) : undefined;
  const { items } = await chunkItems(deps.store, loop, from, to).catch(() => ({ items: [] as string[] }));
  const rows = Array.from({ length: to - from }, (_, at) =>
    failedRow(indexes?.[at] ?? from + at, items[at] ?? 'null', error),
  );
  const work = { ...NOTHING, rows, remaining: [], stop: stopsOnError(loop) };
  const finished = await finish(deps, command, context, work);
  if (!finished) return;
  deps.record.chunk(countsOf(rows, []));
  await announce(deps, loop, finished);
}

function countsOf(
  rows: IterationRow[],
  remaining: unknown[],
): { completed: number; failed: number; handedBack: number } {
  const failed = rows.filter(({ status }) => status === 'FAILED').length;
  return { completed: rows.length - failed, failed, handedBack: remaining.length };
}

/** Undefined when somebody else finished this chunk first: then nothing of ours counts. */
async function finish(
  deps: WorkerDeps,
  command: ChunkCommand,
  { loop }: LoopContext,
  work: Work,
): Promise<Finished | undefined> {
  const { rows, remaining, ctx, stop, drained } = work;
  const wanted = Math.max(loop.concurrency, nextChunkSize({ ...work, items: rows.length }));
  const request = {
    execution_id: loop.execution_id,
    command_id: command.command_id,
    worker_id: deps.workerId,
    rows,
    remaining,
    ...(Object.keys(ctx).length > 0 && { ctx }),
    window: windowOf(loop, deps.poolSlots()),
    chunk_size: Math.min(wanted, loop.chunk_max ?? wanted),
    stop,
    drained: drained === true,
  };
  try {
    const finished = await finishChunk(deps.store, request);
    return finished.committed ? { ...finished, stored: rows } : undefined;
  } catch (error) {
    if (!(error instanceof NoetlError) || error.code !== 'RESULT_NOT_STORABLE') throw error;
    const checked = await withoutUnstorable(deps, rows);
    const fails = stopsOnError(loop) && checked.some((row) => row.status === 'FAILED');
    const finished = await finishChunk(deps.store, { ...request, rows: checked, stop: stop || fails });
    return finished.committed ? { ...finished, stored: checked } : undefined;
  }
}

/** Rows whose result Postgres refuses become failures of their own; their siblings keep their results. */
async function withoutUnstorable(deps: WorkerDeps, rows: IterationRow[]): Promise<IterationRow[]> {
  const checked: IterationRow[] = [];
  for (const row of rows) {
    const storable = await isStorable(deps.store, row);
    checked.push(storable ? row : refused(row));
  }
  return checked;
}

function refused(row: IterationRow): IterationRow {
  const error = new NoetlError('RESULT_NOT_STORABLE', `Postgres refuses the result of item ${row.index}`);
  const result_text = failureText(error.toInfo());
  return { ...row, status: 'FAILED', result_text, error: error.message };
}

/** After the commit: successors out, the count raised, the aggregator called when the loop is complete. */
async function announce(deps: WorkerDeps, loop: LoopRow, finished: Finished): Promise<void> {
  const { bus } = deps;
  const state: LoopState = {
    collection_size: finished.size,
    completed_count: finished.completed,
    iterator: loop.iterator,
    mode: loop.mode,
    event_id: loop.loop_id,
  };
  const key = loopKey(loop.execution_id, loop.step, loop.loop_id);
  const successors = finished.issued.map((next) =>
    publishCommand(bus, { ...next, pool: deps.pool }, { dedupe: `${next.command_id}:0` }),
  );
  const [raised] = await Promise.all([raiseCompleted(bus, key, state), ...successors]);
  const isLast = raised.raised && !loop.cursor && raised.completed_count === finished.size;
  if (finished.filled || isLast) {
    await publishAggregate(bus, { execution_id: loop.execution_id, loop_id: loop.loop_id });
  }
}

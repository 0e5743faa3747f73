/** A claimed chunk, from its items to the commit: run, finish in one fenced transaction, then tell the others. */
import { loopKey, publishAggregate, publishCommand, raiseCompleted } from '@noetl/bus';
import { NoetlError, type ChunkCommand, type LoopState } from '@noetl/protocol';
import {
  collectionItems,
  finishChunk,
  isStorable,
  type Claim,
  type IterationRow,
  type LoopRow,
} from '@noetl/store';
import { nextChunkSize } from './chunk-budget.ts';
import { claimFrame, mustSplit } from './claim-frame.ts';
import { environmentOf, type CommandEnvironment } from './environment.ts';
import { ChunkGate, gateOf } from './gate.ts';
import type { Lease } from './leases.ts';
import type { LoopContext } from './loop-context.ts';
import { progressOf } from './progress.ts';
import { failedRow, failureText, runChunk, type ChunkResult } from './run-chunk.ts';
import { suspendOrGoOn } from './suspend.ts';
import { childrenOf } from './tasks.ts';
import type { WorkerDeps } from './worker-deps.ts';

type Finished = Extract<Awaited<ReturnType<typeof finishChunk>>, { committed: true }>;
type Claimed = Extract<Claim, { kind: 'claimed' }>;

/** What there is to store of a chunk. */
type Work = Pick<ChunkResult, 'rows' | 'stop' | 'ctx' | 'bytes' | 'elapsed_ms'> & {
  remaining: [number, number][];
  drained?: boolean;
};

const NOTHING = { rows: [], stop: false, ctx: {}, bytes: 0, elapsed_ms: 0 };

export async function handleChunk(
  deps: WorkerDeps,
  command: ChunkCommand,
  claimed: Claimed,
  lease: Lease,
): Promise<void> {
  const { signal } = lease;
  const context = await deps.loops(command);
  const { step, loop, playbook } = context;
  const about = { execution_id: loop.execution_id, step: step.name, context: loop.context, playbook, signal };
  const around = environmentOf(deps, about);
  const work = await workOf({ ...deps, lease }, command, claimed, context, around);
  if (!work || signal.aborted) return;
  const finished = await finish(deps, command, context, work);
  if (finished) await announce(deps, loop, finished);
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
  const { attempt, ctx } = claimed;
  const gate = gateOf(deps.permits, deps.lease);
  const frame = await claimFrame(deps, context, { execution_id, command_id, attempt, ctx }, around, gate);
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
  { ctx, progress, loop_failed }: Claimed,
  context: LoopContext,
  { environment, redactor, values, names }: CommandEnvironment,
  { from, to }: { from: number; to: number },
): Promise<Work | undefined> {
  if (mustSplit(context, to - from)) {
    const singles = Array.from({ length: to - from }, (_, offset): [number, number] => [
      from + offset,
      from + offset + 1,
    ]);
    return { ...NOTHING, remaining: singles };
  }
  const items = await collectionItems(deps.store, context.loop, from, to);
  const { toolbox, clock, permits, lease } = deps;
  const gate = new ChunkGate(permits, lease);
  const tools = { environment, redactor, toolbox, values, clock, names, children: childrenOf(deps), gate };
  const chunk = { context, from, to, items, ctx, loop_failed, ...tools };
  const result = await suspendOrGoOn(deps, command, progressOf(progress), (resumed) =>
    runChunk(chunk, resumed),
  );
  return result && { ...result, remaining: result.next < to ? [[result.next, to]] : [] };
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
    return finished.committed ? finished : undefined;
  } catch (error) {
    if (!(error instanceof NoetlError) || error.code !== 'RESULT_NOT_STORABLE') throw error;
    const checked = await withoutUnstorable(deps, rows);
    const fails = loop.on_error === 'fail' && checked.some((row) => row.status === 'FAILED');
    const finished = await finishChunk(deps.store, { ...request, rows: checked, stop: stop || fails });
    return finished.committed ? finished : undefined;
  }
}

type Bounds = Pick<LoopRow, 'mode' | 'max_in_flight' | 'concurrency' | 'chunk_max' | 'cursor'>;

/** Chunks of one loop that may be out: twice what the pool can run, within the author's bound. */
export function windowOf(
  { mode, max_in_flight, concurrency, chunk_max, cursor }: Bounds,
  poolSlots: number,
): number {
  if (mode === 'sequential') return 1;
  const byPool = Math.max(4, poolSlots * 2);
  if (max_in_flight === null) return byPool;
  const bound = Math.max(1, Math.floor(max_in_flight / concurrency));
  // Those that may wait for children take no worker: as many as the author wants.
  return chunk_max !== null || cursor ? bound : Math.min(bound, byPool);
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
    publishCommand(bus, next, { dedupe: `${next.command_id}:0` }),
  );
  const [raised] = await Promise.all([raiseCompleted(bus, key, state), ...successors]);
  const isLast = raised.raised && !loop.cursor && raised.completed_count === finished.size;
  if (finished.filled || isLast) {
    await publishAggregate(bus, { execution_id: loop.execution_id, loop_id: loop.loop_id });
  }
}

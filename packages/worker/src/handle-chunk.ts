/** A claimed chunk, from its items to the commit: run, finish in one fenced transaction, then tell the others. */
import { loopKey, publishAggregate, publishCommand, raiseCompleted } from '@noetl/bus';
import { NoetlError, type ChunkCommand, type JsonObject, type LoopState } from '@noetl/protocol';
import { collectionItems, finishChunk, isStorable, type IterationRow, type LoopRow } from '@noetl/store';
import { nextChunkSize } from './chunk-budget.ts';
import { environmentOf } from './environment.ts';
import type { LoopContext } from './loop-context.ts';
import { LoadedValues } from './loaded-values.ts';
import { failureText, runChunk, type ChunkResult } from './run-chunk.ts';
import type { WorkerDeps } from './worker-deps.ts';

type Finished = Extract<Awaited<ReturnType<typeof finishChunk>>, { committed: true }>;

export async function handleChunk(
  deps: WorkerDeps,
  command: ChunkCommand,
  ctx: JsonObject,
  signal: AbortSignal,
): Promise<void> {
  const context = await deps.loops(command);
  const { from_index: from, to_index: to } = command;
  const items = await collectionItems(deps.store, context.loop, from, to);
  const { step, loop, playbook } = context;
  const values = new LoadedValues(deps.store, loop.execution_id);
  const about = { execution_id: loop.execution_id, step: step.name, context: loop.context, playbook, signal };
  const { environment, redactor } = environmentOf(deps, about);
  const { toolbox, clock } = deps;
  const result = await runChunk({
    context,
    from,
    to,
    items,
    ctx,
    environment,
    redactor,
    toolbox,
    values,
    clock,
  });
  if (signal.aborted) return;
  const finished = await finish(deps, command, context, result);
  if (finished) await announce(deps, loop, finished);
}

/** Undefined when somebody else finished this chunk first: then nothing of ours counts. */
async function finish(
  deps: WorkerDeps,
  command: ChunkCommand,
  { loop }: LoopContext,
  result: ChunkResult,
): Promise<Finished | undefined> {
  const request = {
    execution_id: loop.execution_id,
    command_id: command.command_id,
    worker_id: deps.workerId,
    rows: result.rows,
    remaining: result.next < command.to_index ? [[result.next, command.to_index] as [number, number]] : [],
    ...(Object.keys(result.ctx).length > 0 && { ctx: result.ctx }),
    window: windowOf(loop, deps.poolSlots()),
    chunk_size: nextChunkSize({ ...result, items: result.rows.length }),
    stop: result.stop,
  };
  try {
    const finished = await finishChunk(deps.store, request);
    return finished.committed ? finished : undefined;
  } catch (error) {
    if (!(error instanceof NoetlError) || error.code !== 'RESULT_NOT_STORABLE') throw error;
    const rows = await withoutUnstorable(deps, result.rows);
    const stop = result.stop || (loop.on_error === 'fail' && rows.some((row) => row.status === 'FAILED'));
    const finished = await finishChunk(deps.store, { ...request, rows, stop });
    return finished.committed ? finished : undefined;
  }
}

/** Chunks of one loop that may be out: a bound of the author's, else twice what the pool can run. */
export function windowOf(loop: Pick<LoopRow, 'mode' | 'max_in_flight'>, poolSlots: number): number {
  if (loop.mode === 'sequential') return 1;
  return loop.max_in_flight ?? Math.max(4, poolSlots * 2);
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
  return { ...row, status: 'FAILED', result_text, error: error.message, meta_text: '{}' };
}

/** After the commit: successors out, the count raised, the aggregator called when the loop is complete. */
async function announce(deps: WorkerDeps, loop: LoopRow, finished: Finished): Promise<void> {
  const { bus } = deps;
  const state: LoopState = {
    collection_size: loop.size,
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
  if (finished.filled || (raised.raised && raised.completed_count === loop.size)) {
    await publishAggregate(bus, { execution_id: loop.execution_id, loop_id: loop.loop_id });
  }
}

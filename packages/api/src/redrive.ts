/**
 * Redrive, decided under the execution's lock like everything else: what was seen before it may have changed. The
 * chosen indexes are stored in the same transaction that opens the new loop entry.
 */
import type { RedrivenLoop } from '@noetl/engine';
import { NoetlError, type Id, type LoopOpening } from '@noetl/protocol';
import {
  chooseItems,
  hasOpenLoops,
  newestLoops,
  toleratedOf,
  withExecution,
  type Chosen,
  type LoopRow,
  type RedriveSelector,
} from '@noetl/store';
import { decideLocked, keepHot, publish, type AdvanceDeps } from './advance.ts';

/** Reads of a loop look into all its entries. */
const ENTRIES_MAX = 100;

export interface RedriveRequest {
  step: string;
  /** The entry that the caller has looked at. */
  loop_id: Id;
  selector: RedriveSelector;
}

export interface Redriven {
  run: number;
  loop_id: Id;
  items: number;
}

/**
 * Throws EXECUTION_RUNNING, LOOP_RUNNING, REDRIVE_CONFLICT, REDRIVE_NOTHING, REDRIVE_UNSUPPORTED; then nothing has
 * changed.
 */
export async function redrive(
  deps: AdvanceDeps,
  executionId: Id,
  catalogId: Id,
  { step, loop_id, selector }: RedriveRequest,
): Promise<Redriven> {
  const playbook = await deps.playbooks(catalogId);
  const done = await withExecution(deps.store, executionId, async (tx, locked) => {
    if (locked.execution.end_time === null)
      throw new NoetlError('EXECUTION_RUNNING', `execution ${executionId} has not ended`);
    const [loop] = await newestLoops(tx, executionId, step);
    if (loop?.loop_id !== loop_id)
      throw new NoetlError('REDRIVE_CONFLICT', `${loop_id} is not the newest entry of the loop "${step}"`);
    if (await hasOpenLoops(tx, executionId))
      throw new NoetlError('LOOP_RUNNING', `a loop of execution ${executionId} is not closed yet`);
    if (loop.cursor) throw new NoetlError('REDRIVE_UNSUPPORTED', `the loop "${step}" runs over a cursor`);
    const chosen = await chooseItems(tx, loop, selector);
    if (chosen.items === 0)
      throw new NoetlError('REDRIVE_NOTHING', `no item of the loop "${step}" is chosen`);
    if (chosen.entries >= ENTRIES_MAX)
      throw new NoetlError(
        'REDRIVE_UNSUPPORTED',
        `the loop "${step}" was redriven ${String(chosen.entries - 1)} times; more is not possible`,
      );
    const input = { kind: 'redrive', step, loop: openingOf(loop, chosen) } as const;
    const decided = await decideLocked(deps, tx, locked, {
      input,
      loaded: new Map(),
      hot: undefined,
      playbook,
    });
    return decided?.kind === 'done' ? { published: decided.published, items: chosen.items } : undefined;
  });
  const opened = done?.published.loops[0];
  if (!done || !opened?.redrive)
    throw new NoetlError('INTERNAL', `execution ${executionId} was not redriven`);
  keepHot(deps, executionId, done.published.hot);
  await publish(deps, executionId, done.published);
  return { run: opened.redrive.run, loop_id: opened.loop_id, items: done.items };
}

/** The loop as it was, over what is chosen; variables as its items have left them. */
function openingOf(loop: LoopRow, { items, list_id, kept }: Chosen): RedrivenLoop {
  const first = loop.redrive;
  const total = first?.total ?? loop.size;
  const tolerated = toleratedOf(loop);
  const allowed = tolerated && allowance(tolerated, total, kept.failed);
  return {
    size: items,
    iterator: loop.iterator,
    mode: loop.mode,
    on_error: loop.on_error,
    concurrency: loop.concurrency,
    ...(loop.max_in_flight !== null && { max_in_flight: loop.max_in_flight }),
    ...(loop.chunk_max !== null && { chunk_max: loop.chunk_max }),
    ...(allowed !== undefined && { tolerated: { count: allowed } }),
    collection: loop.collection,
    context: loop.context,
    ctx: loop.ctx,
    redrive: {
      loop_id: first?.loop_id ?? loop.loop_id,
      total,
      list_id,
      kept,
      ...(tolerated && { tolerated }),
    },
  };
}

/** Failures that the chosen items may have, beside those of the others. */
function allowance(
  { count = Infinity, percent = 100 }: NonNullable<LoopOpening['tolerated']>,
  total: number,
  keptFailed: number,
): number {
  return Math.max(0, Math.min(count, Math.floor((total * percent) / 100)) - keptFailed);
}

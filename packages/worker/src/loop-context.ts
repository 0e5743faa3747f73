/** What a worker keeps of a loop between chunks, and what an iteration's templates see of its position. */
import { LRUCache } from 'lru-cache';
import type { Playbook, Step } from '@noetl/playbook';
import { NoetlError, type Id } from '@noetl/protocol';
import { getLoop, spanOf, type LoopKey, type LoopRow, type Store } from '@noetl/store';

export interface LoopContext {
  loop: LoopRow;
  playbook: Playbook;
  step: Step;
}

export type Playbooks = (catalogId: Id) => Promise<Playbook>;

export function stepOf(playbook: Playbook, name: string): Step {
  const step = playbook.steps.find((candidate) => candidate.name === name);
  if (!step) throw new NoetlError('STEP_UNKNOWN', `playbook ${playbook.path} has no step "${name}"`);
  return step;
}

export type Loops = (key: LoopKey) => Promise<LoopContext>;

/** Definition and context of a loop entry never change, so they are read once. */
export function loopCache(store: Store, playbooks: Playbooks): Loops {
  const kept = new LRUCache<string, LoopContext, LoopKey>({
    max: 256,
    fetchMethod: async (_, __, { context: key }) => {
      const loop = await getLoop(store, key);
      if (!loop) throw new NoetlError('LOOP_UNKNOWN', `loop ${key.loop_id} is not in the database`);
      const playbook = await playbooks(loop.catalog_id);
      return { loop, playbook, step: stepOf(playbook, loop.step) };
    },
  });
  return ({ execution_id, loop_id }) =>
    kept.forceFetch(`${execution_id}/${loop_id}`, { context: { execution_id, loop_id } });
}

/** Whether one failed item ends the loop, whatever the others do. */
export function stopsOnError({ on_error, tolerated_count, tolerated_percent }: LoopRow): boolean {
  return on_error === 'fail' && tolerated_count === null && tolerated_percent === null;
}

/** The fixed ones of {@link iterationLocals}. */
export const ITERATION_NAMES = ['iter', 'loop', 'loop_index', '_index', '_total'];

/** Names under which templates of an iteration reach their item and its position. */
export function iterationLocals(loop: LoopRow, index: number, item: unknown): Record<string, unknown> {
  const { iterator } = loop;
  const size = spanOf(loop);
  const position = { _index: index, _first: index === 0, _last: index === size - 1, _total: size };
  return {
    [iterator]: item,
    iter: { [iterator]: item, ...position },
    loop: { index: index + 1, index0: index, first: index === 0, last: index === size - 1, length: size },
    loop_index: index,
    _index: index,
    _total: size,
  };
}

/**
 * Redrive: a new run of an execution that has ended. The loop's step is entered again over the chosen items only, and
 * all that follows from it follows again.
 */
import { NoetlError } from '@noetl/protocol';
import { graphOf } from '../graph.ts';
import type { EngineInput } from '../inputs.ts';
import { runningSteps, stepState } from '../state.ts';
import type { Draft } from './draft.ts';
import { workerPool } from './pool.ts';
import { timeLimit } from './time-limit.ts';

/** Throws REDRIVE_UNSUPPORTED when a step that would not run again was cut off. */
export function redrive(draft: Draft, { step, loop }: Extract<EngineInput, { kind: 'redrive' }>): void {
  const { state, environment } = draft;
  if (state.phase === 'new' || state.phase === 'running') return;
  const round = graphOf(environment.playbook).downstream(step);
  const cut = runningSteps(state).find((name) => !round.has(name));
  if (cut !== undefined) {
    const message = `step "${cut}" was cut off while it ran, and does not follow from step "${step}"`;
    throw new NoetlError('REDRIVE_UNSUPPORTED', message);
  }
  const { args } = stepState(state, step);
  const run = (state.run ?? 1) + 1;
  const { total, loop_id: redrive_of } = loop.redrive;
  const { size, mode, iterator } = loop;
  draft.add({
    event_type: 'execution.redriven',
    node_name: step,
    status: 'RUNNING',
    result: { run, redrive_of, items: size },
  });
  draft.add({ event_type: 'step.enter', node_name: step, status: 'ENTERED', result: { args } });
  const { ids } = environment;
  const loop_id = ids.next();
  const started = { size, mode, iterator };
  draft.add(
    { event_type: 'loop.started', node_name: step, status: 'STARTED', loop_id, result: started },
    loop_id,
  );
  // An id for every index of the first entry: a row's id says which item it is of.
  const base_event_id = ids.reserve(total);
  const placed = { ...timeLimit(draft, draft.step(step)), ...workerPool(draft, draft.step(step)) };
  draft.loop({
    ...loop,
    ...placed,
    loop_id,
    step,
    base_event_id,
    cursor: false,
    redrive: { ...loop.redrive, run },
  });
}

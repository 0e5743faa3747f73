/** Pausing what runs, and cancelling the execution it belongs to. */
import { api, done } from '../api.ts';
import { useAction } from '../live.ts';
import { Confirm } from './confirm.tsx';
import { ProblemBox } from './problem-box.tsx';

interface ControlsProps {
  id: string;
  /** The loop that is paused or resumed; the whole execution, without. */
  step?: string;
  paused: boolean;
  /** What cancelling would do. */
  warning: string;
}

export function RunControls({ id, step, paused, warning }: ControlsProps) {
  const { run, busy, problem } = useAction();
  const verb = paused ? 'resume' : 'pause';
  const turn = () =>
    done(
      step === undefined
        ? api.POST(`/api/executions/{id}/${verb}`, { params: { path: { id } } })
        : api.POST(`/api/executions/{id}/loops/{step}/${verb}`, { params: { path: { id, step } } }),
    );
  const body = { reason: 'cancelled in the console' };
  return (
    <>
      <button type="button" disabled={busy} onClick={() => run(turn)}>
        {paused ? 'Resume' : 'Pause'}
      </button>
      <Confirm
        label="Cancel"
        tone="bad"
        preview={() => Promise.resolve(warning)}
        act={() => done(api.POST('/api/executions/{id}/cancel', { params: { path: { id } }, body }))}
      />
      <ProblemBox problem={problem} />
    </>
  );
}

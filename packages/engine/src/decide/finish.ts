/** The end of an execution: exactly one terminal event, when nothing runs and nothing is left to follow. */
import { nativeValue } from '@noetl/playbook';
import { NoetlError, type ErrorInfo } from '@noetl/protocol';
import type { Draft } from './draft.ts';

export function finish(draft: Draft): void {
  const { fatal, last, values, kinds, path } = draft.state;
  if (fatal) {
    const { error, step } = fatal;
    const message = error.message.includes(`"${step}"`)
      ? error.message
      : `step "${step}" failed: ${error.message}`;
    fail(draft, error, message);
    return;
  }
  const result = last === undefined ? null : nativeValue(values[last] ?? null, kinds[last]);
  draft.add({
    event_type: 'playbook.completed',
    node_name: path,
    status: 'COMPLETED',
    result,
    ...runOf(draft),
  });
}

/** What still runs is not waited for. */
export function expire(draft: Draft): void {
  const error = new NoetlError('EXECUTION_TIMEOUT', 'the execution did not end in time').toInfo();
  fail(draft, error, error.message);
}

function fail(draft: Draft, error: ErrorInfo, message: string): void {
  const result = { status: 'error' as const, error, context: { error: message } };
  const node_name = draft.state.path;
  draft.add({
    event_type: 'playbook.failed',
    node_name,
    status: 'FAILED',
    result,
    error: message,
    ...runOf(draft),
  });
}

/** Which run it is the end of; the first needs no mention. */
function runOf({ state: { run } }: Draft): { meta?: { run: number } } {
  return run === undefined ? {} : { meta: { run } };
}

export function cancel(draft: Draft, reason: string): void {
  draft.add({
    event_type: 'execution.cancelled',
    node_name: draft.state.path,
    status: 'CANCELLED',
    result: { reason },
    error: reason,
    ...runOf(draft),
  });
}

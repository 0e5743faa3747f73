/** The end of an execution: exactly one terminal event, when nothing runs and nothing is left to follow. */
import { nativeValue } from '@noetl/playbook';
import type { FailureResult } from '@noetl/protocol';
import type { Draft } from './draft.ts';

export function finish(draft: Draft): void {
  const { fatal, last, values, kinds, path } = draft.state;
  if (fatal) {
    const { error, step } = fatal;
    const message = error.message.includes(`"${step}"`)
      ? error.message
      : `step "${step}" failed: ${error.message}`;
    const result: FailureResult = { status: 'error', error, context: { error: message } };
    draft.add({ event_type: 'playbook.failed', node_name: path, status: 'FAILED', result, error: message });
    return;
  }
  const result = last === undefined ? null : nativeValue(values[last] ?? null, kinds[last]);
  draft.add({ event_type: 'playbook.completed', node_name: path, status: 'COMPLETED', result });
}

export function cancel(draft: Draft, reason: string): void {
  draft.add({
    event_type: 'execution.cancelled',
    node_name: draft.state.path,
    status: 'CANCELLED',
    result: { reason },
    error: reason,
  });
}

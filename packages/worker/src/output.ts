/** One attempt's outcome as templates see it: `output` in rules and `set`, `response` and `error` in seed cases. */
import { OutcomeView, StepView } from '@noetl/playbook';
import { errorView, isJsonObject, type Json, type JsonObject } from '@noetl/protocol';
import type { ToolOutcome } from '@noetl/tools';

export interface Output {
  status: 'ok' | 'error';
  /** The tool's result; of an HTTP answer the keys of its body are reachable as well. */
  data: StepView | null;
  /** Another name of `data`. */
  response: StepView | null;
  error: JsonObject | null;
  http: JsonObject | null;
  pg: JsonObject | null;
  py: JsonObject | null;
  ref: Json;
  meta: { attempt: number; duration_ms: number };
}

export function outputOf(outcome: ToolOutcome, attempt: number): Output {
  const value = outcome.text === undefined ? null : (JSON.parse(outcome.text) as Json);
  const error = outcome.status === 'error' ? errorView(outcome.error) : null;
  const data = value === null && error ? null : new StepView(value, undefined);
  return {
    status: outcome.status,
    data,
    response: data,
    error,
    http: httpOf(value, error),
    pg: error?.['pg_code'] === undefined ? null : { code: error['pg_code'] },
    py: error?.['exception_type'] === undefined ? null : { exception_type: error['exception_type'] },
    ref: isJsonObject(value) ? (value['_ref'] ?? null) : null,
    meta: { attempt, duration_ms: outcome.duration_ms },
  };
}

/** `output` for a scope: fields by name, as a whole the tool's bare result. */
export function outputView(output: Output): OutcomeView {
  const { data, error } = output;
  const value = data?.native() ?? (error ? { status: 'error', error } : null);
  return new OutcomeView(value, { ...output });
}

/** Status and headers of an HTTP answer, also of one that is a failure. */
function httpOf(value: Json, error: JsonObject | null): JsonObject | null {
  if (isJsonObject(value) && value['status_code'] !== undefined) {
    return {
      status: value['status_code'],
      status_code: value['status_code'],
      headers: value['headers'] ?? {},
    };
  }
  const status = error?.['http_status'];
  return status === undefined ? null : { status, status_code: status, headers: {} };
}

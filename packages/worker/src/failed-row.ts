/** Rows of iterations that failed. */
import type { ErrorInfo } from '@noetl/protocol';
import type { IterationRow } from '@noetl/store';

/** A row for an item whose tasks never ran. */
export function failedRow(index: number, item_text: string, error: ErrorInfo): IterationRow {
  const result_text = failureText(error);
  return {
    index,
    status: 'FAILED',
    result_text,
    item_text,
    error: error.message,
    duration_s: 0,
  };
}

/** The stored result of a failed iteration; also what `results[i]` gives under `on_error: continue`. */
export function failureText(error: ErrorInfo): string {
  return JSON.stringify({ status: 'error', error, context: { error: error.message } });
}

/** What a runner reports of the items of a frame, as outcomes: results stay the bytes that they came in. */
import { jsonText, NoetlError, type ErrorInfo, type JsonObject } from '@noetl/protocol';
import { JsonLines } from '../json-lines.ts';
import type { ItemFailure, LineBatch, OutcomeBlock } from '../tool.ts';
import { asFailure, json, linesOf, type Reported } from './said.ts';

/** `errorStatus`: a result `{status: 'error'}` is a failure. Throws ForgedFrame. */
export function outcomesOf(
  { ms, failed, prints }: Reported,
  body: Buffer,
  errorStatus: boolean,
): OutcomeBlock {
  const lines = linesOf(body, ms.length);
  // The result of a step is read on its way; those of a loop are looked at by Postgres, once a chunk.
  if (lines.length === 1) json(lines.text(0));
  const failures = new Map<number, ItemFailure>();
  if (errorStatus && body.includes('"status":"error"')) {
    for (const [place, text] of lines.texts()) {
      const error = statusError(text);
      if (error) failures.set(place, { error, text });
    }
  }
  for (const place of failed) failures.set(place, { error: codeError(lines.text(place)) });
  return { lines, durations_ms: ms, failures, prints: new Map(prints) };
}

/** The same failure for `count` items. */
export function allFailed(error: ErrorInfo, count: number, durationMs = 0): OutcomeBlock {
  const durations_ms = new Array<number>(count).fill(durationMs);
  const failures = new Map([...durations_ms.keys()].map((place) => [place, { error }]));
  return { lines: new JsonLines(Buffer.alloc(0)), durations_ms, failures, prints: new Map() };
}

/** Every item of a batch that cannot be run at all. */
export async function* refusedLines(batch: LineBatch, error: ErrorInfo): AsyncGenerator<OutcomeBlock> {
  for (;;) {
    const { length } = await batch.take(batch.lookahead);
    if (length === 0) return;
    yield allFailed(error, batch.stop_on_error === true ? 1 : length);
    if (batch.stop_on_error === true) return;
  }
}

function statusError(text: string): ErrorInfo | undefined {
  if (!text.includes('"status":"error"')) return undefined;
  const value = json(text) as { status?: unknown; message?: unknown; error?: unknown } | null;
  if (value?.status !== 'error') return undefined;
  const message = jsonText(value.error ?? value.message ?? 'the step returned status "error"');
  return new NoetlError('TOOL_FAILED', message).toInfo();
}

function codeError(text: string): ErrorInfo {
  const said = asFailure(text);
  const details: JsonObject = {
    ...(said.type !== undefined && { exception_type: said.type }),
    ...(typeof said.line === 'number' && { line: said.line }),
    ...(said.traceback !== undefined && { traceback: said.traceback }),
  };
  return new NoetlError(said.code, said.message, { details }).toInfo();
}

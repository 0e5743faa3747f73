/** What a runner reports of the items of a frame, as outcomes: results stay the texts that they came as. */
import { jsonText, NoetlError, type ErrorInfo, type JsonObject } from '@noetl/protocol';
import type { LineBatch, OutcomeBlock } from '../tool.ts';
import { asFailure, json, linesOf, type Reported } from './said.ts';

/** `errorStatus`: a result `{status: 'error'}` is a failure. Throws ForgedFrame. */
export function outcomesOf(
  { ms, failed, prints }: Reported,
  body: Buffer,
  errorStatus: boolean,
): OutcomeBlock {
  const texts = linesOf(body, ms.length);
  // The result of a step is read on its way; those of a loop are looked at by Postgres, once a chunk.
  if (texts.length === 1) json(texts[0] as string);
  const errors = new Map<number, ErrorInfo>();
  for (const place of failed) {
    errors.set(place, codeError(texts[place] as string));
    texts[place] = '';
  }
  if (errorStatus && body.includes('"status":"error"')) {
    for (const [place, text] of texts.entries()) {
      const error = statusError(text);
      if (error) errors.set(place, error);
    }
  }
  return { texts, durations_ms: ms, errors, prints: new Map(prints) };
}

/** The same failure for `count` items. */
export function failures(error: ErrorInfo, count: number, durationMs = 0): OutcomeBlock {
  const places = Array.from({ length: count }, (_, place) => place);
  return {
    texts: places.map(() => ''),
    durations_ms: places.map(() => durationMs),
    errors: new Map(places.map((place) => [place, error])),
    prints: new Map(),
  };
}

/** Every item of a batch that cannot be run at all. */
export async function* refusedLines(batch: LineBatch, error: ErrorInfo): AsyncGenerator<OutcomeBlock> {
  for (;;) {
    const { length } = await batch.take(batch.lookahead);
    if (length === 0) return;
    yield failures(error, batch.stop_on_error === true ? 1 : length);
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

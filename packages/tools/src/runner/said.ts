/**
 * What a runner says, before anybody believes it: code that writes into the pipe of its runner may say anything. It can
 * answer for the items of its own batch that are in flight, and for nothing else.
 */
import type { ErrorCode } from '@noetl/protocol';
import { JsonLines } from '../json-lines.ts';

/** Said by code, not by a runner. */
export class ForgedFrame extends Error {
  constructor(what: string) {
    super(`it wrote into the pipe of its runner: ${what}`);
  }
}

/** Header of a frame of outcomes; its body has one line of JSON for each item. */
export interface Reported {
  ms: number[];
  /** Places of the items that failed; their lines tell the failure. */
  failed: number[];
  prints: [place: number, text: string][];
}

/** A failure as runners tell it. */
export interface ToldFailure {
  code: ErrorCode;
  message: string;
  line?: number;
  type?: string;
  traceback?: string;
}

const FAILURES = new Set(['CODE_EXCEPTION', 'CODE_SYNTAX', 'RESULT_NOT_STORABLE', 'RESULT_TOO_LARGE']);
/** Bounds of the runners themselves: of results in bytes, of prints in characters. */
const RESULT_MAX = 10 * 1024 * 1024;
const PRINT_MAX = 65 * 1024;
const PAGE_ITEMS_MAX = 1_000;
const FAILURE_MAX = 64 * 1024;

/** Outcomes of at most `most` items; of none only at the end of a frame. */
export function asReported({ ms, failed, prints, end }: Record<string, unknown>, most: number): Reported {
  if (!isList(ms) || !isList(failed) || !isList(prints)) throw new ForgedFrame('no outcomes');
  const isPlace = (place: unknown): place is number =>
    typeof place === 'number' && Number.isInteger(place) && place >= 0 && place < ms.length;
  const isTime = (time: unknown): time is number => typeof time === 'number' && time >= 0 && time < Infinity;
  const isPrint = (print: unknown): print is [number, string] =>
    isList(print) && isPlace(print[0]) && typeof print[1] === 'string' && print[1].length <= PRINT_MAX;
  const some = ms.length > 0 || end === true;
  if (some && ms.length <= most && ms.every(isTime) && failed.every(isPlace) && prints.every(isPrint)) {
    return { ms, failed, prints };
  }
  throw new ForgedFrame('outcomes of other items');
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

/** One line for each outcome, none longer than a result may be. */
export function linesOf(body: Buffer, count: number): JsonLines {
  const lines = new JsonLines(body);
  if (lines.length !== count) throw new ForgedFrame('other results than outcomes');
  // Runners say nothing after a result that is as large as it may be.
  if (body.length > RESULT_MAX && lines.longest > RESULT_MAX)
    throw new ForgedFrame('a result of more than 10 MiB');
  return lines;
}

export function asFailure(text: string): ToldFailure {
  if (text.length > FAILURE_MAX) throw new ForgedFrame('a failure that is too long');
  const said = json(text) as Partial<ToldFailure> | null;
  const optional = (value: unknown): boolean => value === undefined || typeof value === 'string';
  const fine =
    typeof said === 'object' &&
    FAILURES.has(String(said?.code)) &&
    typeof said?.message === 'string' &&
    optional(said.type) &&
    optional(said.traceback);
  if (!fine) throw new ForgedFrame('a failure that is none');
  return said as ToldFailure;
}

export function asRead({ ref, from, to }: Record<string, unknown>): {
  ref: string;
  from: number;
  to: number;
} {
  const fine =
    typeof ref === 'string' &&
    Number.isInteger(from) &&
    Number.isInteger(to) &&
    (from as number) >= 0 &&
    (to as number) - (from as number) <= PAGE_ITEMS_MAX;
  if (!fine) throw new ForgedFrame('a question about nothing');
  return { ref, from: from as number, to: to as number };
}

export function asPage({ count }: Record<string, unknown>, body: Buffer): [text: string, count: number] {
  const text = body.toString();
  const items = json(text);
  if (!Array.isArray(items) || items.length !== count) throw new ForgedFrame('a page that is none');
  return [text, items.length];
}

/** Throws {@link ForgedFrame} for what is no JSON. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ForgedFrame('no JSON');
  }
}

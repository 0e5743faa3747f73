/** Indexes of a loop as people write them: `3,7,10-20`; the same wherever items are chosen. */
import { NoetlError } from '@noetl/protocol';
import type { Parameter } from './query.ts';

/** Indexes that one request may name, ranges counted by what they hold. */
export const INDEXES_MAX = 100_000;
export const INDEX_MAX = 10_000_000;

const PART = '\\s*\\d{1,8}\\s*(-\\s*\\d{1,8}\\s*)?';
export const INDEXES_PATTERN = `^${PART}(,${PART})*$`;

/** Rising, each once. Throws BODY_INVALID. */
export function indexesOf(text: string, what: string): number[] {
  if (!new RegExp(INDEXES_PATTERN).test(text)) throw refused(what, 'must be like 3,7,10-20');
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [from = 0, to = from] = part.split('-').map(Number);
    if (to < from) throw refused(what, `has a range that falls: ${part.trim()}`);
    if (to > INDEX_MAX) throw refused(what, `goes beyond ${String(INDEX_MAX)}`);
    if (found.size + to - from >= INDEXES_MAX)
      throw refused(what, `names more than ${String(INDEXES_MAX)} items`);
    for (let index = from; index <= to; index += 1) found.add(index);
  }
  return [...found].sort((a, b) => a - b);
}

function refused(what: string, why: string): NoetlError {
  return new NoetlError('BODY_INVALID', `${what} ${why}`);
}

export function indexes(about?: string): Parameter<number[] | undefined> {
  return {
    schema: { type: 'string', pattern: INDEXES_PATTERN },
    ...(about !== undefined && { about }),
    read: (given, name) => {
      if (given === undefined) return undefined;
      if (typeof given === 'string') return indexesOf(given, name);
      throw refused(name, 'may be given once');
    },
  };
}

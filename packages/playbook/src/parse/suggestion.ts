/** "Did you mean …?" for misspelt keys, kinds and names. */
import { distance } from 'fastest-levenshtein';

/** Longer words are no misspellings, and comparing them is slow. */
const WORD_MAX = 64;
const COMPARED_MAX = 1_000;

/** The known words that are near enough to be meant, nearest first; upper and lower case count as equal. */
export function nearest(word: string, known: readonly string[]): string[] {
  if (word.length > WORD_MAX) return [];
  const most = Math.max(1, Math.floor(word.length / 3));
  return known
    .slice(0, COMPARED_MAX)
    .filter((other) => Math.abs(other.length - word.length) <= most)
    .map((other) => ({ other, away: distance(word.toLowerCase(), other.toLowerCase()) }))
    .filter(({ away }) => away <= most)
    .sort((left, right) => left.away - right.away)
    .map(({ other }) => other);
}

/** A question for the hint of a finding; undefined when nothing known is near. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  const [first] = nearest(word, known);
  return first === undefined ? undefined : `Did you mean "${first}"?`;
}

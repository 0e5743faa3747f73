/** Faults and warnings of one document, each with code, message, hint and place. */
import { closest, distance } from 'fastest-levenshtein';
import { ERRORS, NoetlError, type ErrorCode } from '@noetl/protocol';
import type { Diagnostic } from '../document.ts';
import type { Path, Source } from './yaml.ts';

/** All that is wrong with a document; its own code and place are those of the first fault. */
export class PlaybookError extends NoetlError {
  readonly faults: Diagnostic[];

  constructor(faults: Diagnostic[]) {
    const [first] = faults as [Diagnostic, ...Diagnostic[]];
    const { line, column, path } = first.place;
    const at =
      line === undefined ? '' : `line ${String(line)}, column ${String(column)}${path ? ` (${path})` : ''}: `;
    super(first.code as ErrorCode, `${at}${first.message}`, { place: first.place, hint: first.hint });
    this.name = 'PlaybookError';
    this.faults = faults;
  }
}

/** More findings of one kind help nobody, and finding the places of thousands takes long. */
const FINDINGS_MAX = 100;

export class Findings {
  readonly faults: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  fault(code: ErrorCode, path: Path, message: string, hint?: string): void {
    if (this.faults.length >= FINDINGS_MAX) return;
    this.faults.push({ code, message, hint: hint ?? ERRORS[code].hint, place: this.#source.place(path) });
  }

  warn(code: string, path: Path, message: string, hint: string): void {
    if (this.warnings.length >= FINDINGS_MAX) return;
    this.warnings.push({ code, message, hint, place: this.#source.place(path) });
  }

  /** Unknown keys are kept and reported: a misspelt one must not be lost silently. */
  knownKeys(object: object, known: readonly string[], path: Path): void {
    for (const key of Object.keys(object)) {
      if (known.includes(key)) continue;
      const hint = suggestion(key, known) ?? `Known here: ${known.join(', ')}.`;
      this.warn('KEY_UNKNOWN', [...path, key], `the key "${key}" has no meaning here and is ignored`, hint);
    }
  }
}

/** "Did you mean …?" when something known is near enough. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = closest(word.toLowerCase(), [...known]);
  return distance(word.toLowerCase(), nearest) <= Math.max(1, Math.floor(word.length / 3))
    ? `Did you mean "${nearest}"?`
    : undefined;
}

/** Faults and warnings of one document, each with code, message, hint and place. */
import { closest, distance } from 'fastest-levenshtein';
import { ERRORS, NoetlError, type ErrorCode, type Place } from '@noetl/protocol';
import type { Diagnostic } from '../document.ts';
import type { Path, Source } from './yaml.ts';

/** All that is wrong with a document; its own code and place are those of the first fault. */
export class PlaybookError extends NoetlError {
  readonly faults: Diagnostic[];
  readonly warnings: Diagnostic[];

  constructor(faults: Diagnostic[], warnings: Diagnostic[] = []) {
    const [first] = faults as [Diagnostic, ...Diagnostic[]];
    const { line, column, path } = first.place;
    const at =
      line === undefined ? '' : `line ${String(line)}, column ${String(column)}${path ? ` (${path})` : ''}: `;
    super(first.code as ErrorCode, `${at}${first.message}`, { place: first.place, hint: first.hint });
    this.name = 'PlaybookError';
    this.faults = faults;
    this.warnings = warnings;
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

  /** No more faults are taken. */
  get full(): boolean {
    return this.faults.length >= FINDINGS_MAX;
  }

  fault(code: ErrorCode, path: Path, message: string, hint?: string): void {
    if (!this.full) this.faultAt(this.#source.place(path), code, message, hint);
  }

  faultAt(place: Place, code: ErrorCode, message: string, hint: string = ERRORS[code].hint): void {
    if (!this.full) this.faults.push({ code, message, hint, place });
  }

  warn(code: string, path: Path, message: string, hint: string): void {
    if (this.warnings.length < FINDINGS_MAX) this.warnAt(this.#source.place(path), code, message, hint);
  }

  warnAt(place: Place, code: string, message: string, hint: string): void {
    if (this.warnings.length < FINDINGS_MAX) this.warnings.push({ code, message, hint, place });
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

/** From top to bottom of the document. */
export function inOrder(diagnostics: Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(
    ({ place: a }, { place: b }) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}

/** Longer words are no misspelt names, and comparing them takes long. */
const WORD_MAX = 100;

/** "Did you mean …?" when something known is near enough. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || word.length > WORD_MAX) return undefined;
  const nearest = closest(word.toLowerCase(), [...known]);
  return distance(word.toLowerCase(), nearest) <= Math.max(1, Math.floor(word.length / 3))
    ? `Did you mean "${nearest}"?`
    : undefined;
}

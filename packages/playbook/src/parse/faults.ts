/** Faults and warnings of one document, each with code, message, hint and place. */
import { ERRORS, NoetlError, type ErrorCode } from '@noetl/protocol';
import type { Diagnostic } from '../document.ts';
import type { Path } from './place.ts';
import { suggestion } from './suggestion.ts';
import type { Source } from './yaml.ts';

/** More of them tell nobody anything; finding their places and suggestions costs time. */
const FINDINGS_MAX = 100;

/** All that is wrong with a document; its own code, message, hint and place are those of the first fault. */
export class PlaybookError extends NoetlError {
  readonly faults: Diagnostic[];

  constructor(faults: Diagnostic[]) {
    const [first] = faults as [Diagnostic, ...Diagnostic[]];
    const { line, column, path } = first.place;
    const at =
      line === undefined ? '' : `line ${String(line)}, column ${String(column)}${path ? ` (${path})` : ''}: `;
    const more = faults.length > 1 ? ` (and ${String(faults.length - 1)} more)` : '';
    super(first.code as ErrorCode, `${at}${first.message}${more}`, { place: first.place, hint: first.hint });
    this.name = 'PlaybookError';
    this.faults = faults;
  }
}

export class Findings {
  readonly faults: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  /** Steps that something leads to; checked once all names are known. */
  readonly targets: { step: string; path: Path }[] = [];
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
    this.warnings.push(...source.warnings);
  }

  /** Throws once there are too many. */
  fault(code: ErrorCode, path: Path, message: string, hint?: string): void {
    this.faults.push({ code, message, hint: hint ?? ERRORS[code].hint, place: this.#source.place(path) });
    if (this.faults.length >= FINDINGS_MAX) throw new PlaybookError(this.faults);
  }

  warn(code: string, path: Path, message: string, hint: string): void {
    if (this.warnings.length >= FINDINGS_MAX) return;
    this.warnings.push({ code, message, hint, place: this.#source.place(path) });
  }

  /** Unknown keys are reported, never refused: a misspelt one must not be lost silently. */
  knownKeys(object: object, known: readonly string[], path: Path, elsewhere?: (key: string) => string | undefined): void {
    for (const key of Object.keys(object)) {
      if (known.includes(key)) continue;
      if (this.warnings.length >= FINDINGS_MAX) return;
      const hint = elsewhere?.(key) ?? suggestion(key, known) ?? `Known here: ${known.join(', ')}.`;
      this.warn('KEY_UNKNOWN', [...path, key], `the key "${key}" has no meaning here and is ignored`, hint);
    }
  }
}

/**
 * `curl -d @file` deletes every newline. Two of the keys that every playbook starts lines with, on the only line of a
 * text that is no flow mapping, are YAML that was cut so; it cannot be put together again.
 */
export function newlinesLost(text: string): boolean {
  const trimmed = text.trim();
  if (/[\n\r]/.test(trimmed) || /^(---\s*)?[{["']/.test(trimmed)) return false;
  const keys = ['apiVersion', 'kind', 'metadata', 'workload', 'workflow'];
  return keys.filter((key) => trimmed.includes(`${key}:`)).length >= 2;
}

/**
 * What the user sees. Results go to stdout; progress goes to stderr, as one live line on a terminal and as a plain
 * line now and then elsewhere, so that output can be piped.
 */
import ora, { type Ora } from 'ora';
import type { CliFailure } from './failure.ts';

/** Progress elsewhere than on a terminal is printed at most this often. */
const PLAIN_EVERY_MS = 2000;

export class Terminal {
  readonly json: boolean;
  private spinner: Ora | undefined;
  private lastPlain = 0;
  private lastText = '';

  constructor(options: { json: boolean }) {
    this.json = options.json;
  }

  /** A line (or block) of the command's result. */
  print(text: string): void {
    this.hide();
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** The result as one line of JSON. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value));
  }

  /** Something worth a line of its own on the way; never part of the result. */
  note(text: string): void {
    this.hide();
    process.stderr.write(`${text}\n`);
  }

  /** Where things stand now; replaces what was said before. */
  progress(text: string): void {
    if (process.stderr.isTTY) {
      this.spinner ??= ora({ stream: process.stderr, discardStdin: false });
      this.spinner.text = text;
      if (!this.spinner.isSpinning) this.spinner.start();
      return;
    }
    const now = performance.now();
    if (text === this.lastText || (this.lastPlain !== 0 && now - this.lastPlain < PLAIN_EVERY_MS)) return;
    this.lastPlain = now;
    this.lastText = text;
    process.stderr.write(`${text}\n`);
  }

  /** Takes the live line away. */
  hide(): void {
    this.spinner?.stop();
    this.spinner = undefined;
  }

  fail(failure: CliFailure): void {
    const { code, message, hint, place } = failure;
    if (this.json) {
      this.printJson({
        error: { code, message, ...(place !== undefined && { place }), ...(hint !== undefined && { hint }) },
      });
      return;
    }
    this.note(`${code}: ${message}${place === undefined ? '' : ` (${place})`}`);
    if (hint !== undefined) this.note(`  ${hint}`);
  }
}

/** 1234567 → "1,234,567". */
export function grouped(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** 75 → "1:15". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${String(hours)}:${two(minutes)}:${two(rest)}` : `${String(minutes)}:${two(rest)}`;
}

/** Which outcome of a stream belongs to which item. */
import type { ErrorInfo } from '@noetl/protocol';

/** Items given to a tool whose outcomes are not back yet, and those that could not be given. */
export class Pending {
  readonly unrendered = new Map<number, ErrorInfo>();
  /** References that templates have to look into first. */
  readonly missing: string[] = [];
  readonly #indexes: number[] = [];
  #taken = 0;

  add(index: number): void {
    this.#indexes.push(index);
  }

  /** The index whose outcome comes next. */
  take(): number | undefined {
    const index = this.#indexes[this.#taken];
    this.#taken += 1;
    return index;
  }
}

/** Lines of JSON as the bytes that they came in: a loop hands its results on without making texts of them. */

const NEWLINE = 0x0a;

/** A piece of a buffer that many share. */
export interface TextSlice {
  bytes: Buffer;
  from: number;
  to: number;
}

export class JsonLines {
  readonly #bytes: Buffer;
  readonly #ends: number[] = [];

  /** Line breaks keep the lines apart; no bytes are no lines. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    if (bytes.length === 0) return;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, end + 1))
      this.#ends.push(end);
    this.#ends.push(bytes.length);
  }

  get length(): number {
    return this.#ends.length;
  }

  /** Bytes of the longest line. */
  get longest(): number {
    return this.#ends.reduce((most, end, place) => Math.max(most, end - this.at(place).from), 0);
  }

  at(place: number): TextSlice {
    const from = place === 0 ? 0 : (this.#ends[place - 1] as number) + 1;
    return { bytes: this.#bytes, from, to: this.#ends[place] as number };
  }

  text(place: number): string {
    const { from, to } = this.at(place);
    return this.#bytes.toString('utf8', from, to);
  }

  *texts(): Generator<[place: number, text: string]> {
    for (let place = 0; place < this.length; place += 1) yield [place, this.text(place)];
  }
}

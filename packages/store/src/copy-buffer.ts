/** A growing buffer of fields in the binary form of COPY: each is its length in four bytes, then its value. */

const LENGTH_BYTES = 4;
/** What comes before the text of a `jsonb` value: the version of the form. */
const JSONB_VERSION = 1;
const NULL = -1;
const BEGIN = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const SHARE = 2 ** 32;
const START_BYTES = 256 * 1024;
/** Buffers of finished chunks. Memory outside V8's heap is freed late; made anew for each chunk, it piles up. */
const spare: CopyBuffer[] = [];
const SPARE_MAX = 4;
const SPARE_MAX_BYTES = 4 * 1024 * 1024;

/** UTF-16 units become at most three bytes each. */
const BYTES_MAX = 3;

/** JSON text, or the bytes of it in a buffer that many share. */
export type JsonText = string | { bytes: Buffer; from: number; to: number };

export class CopyBuffer {
  #bytes: Buffer;
  #view: DataView;
  #end = 0;

  constructor(bytes = 1024) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes);
    this.#view = viewOf(this.#bytes);
  }

  static take(): CopyBuffer {
    return spare.pop() ?? new CopyBuffer(START_BYTES);
  }

  /** Nobody reads what was written any more. */
  giveBack(): void {
    this.#end = 0;
    if (this.#bytes.length <= SPARE_MAX_BYTES && spare.length < SPARE_MAX) spare.push(this);
  }

  get written(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }

  /** The mark and header of a COPY: `PGCOPY`, no flags, no extension. PostgreSQL manual, COPY, "Binary Format". */
  begin(): void {
    this.raw(BEGIN);
  }

  /** A row of so many fields begins. */
  row(fields: number): void {
    this.#room(2);
    this.#view.setInt16(this.#end, fields);
    this.#end += 2;
  }

  end(): void {
    this.row(NULL);
  }

  /** Bytes as they are, without a length. */
  raw(bytes: Buffer): void {
    this.#room(bytes.length);
    bytes.copy(this.#bytes, this.#end);
    this.#end += bytes.length;
  }

  null(): void {
    this.#room(LENGTH_BYTES);
    this.#length(NULL);
  }

  int(value: number): void {
    this.#room(2 * LENGTH_BYTES);
    this.#length(4);
    this.#view.setInt32(this.#end, value);
    this.#end += 4;
  }

  double(value: number): void {
    this.#room(LENGTH_BYTES + 8);
    this.#length(8);
    this.#view.setFloat64(this.#end, value);
    this.#end += 8;
  }

  /** `value + offset`, both not negative; added in two halves, because arithmetic of bigints is slow. */
  bigint(value: bigint, offset = 0): void {
    this.#room(LENGTH_BYTES + 8);
    this.#length(8);
    const low = Number(value & 0xffffffffn) + offset;
    const high = Number(value >> 32n) + Math.floor(low / SHARE);
    this.#view.setUint32(this.#end, high);
    this.#view.setUint32(this.#end + 4, low % SHARE);
    this.#end += 8;
  }

  text(value: string): void {
    this.#room(LENGTH_BYTES + value.length * BYTES_MAX);
    const size = this.#bytes.write(value, this.#end + LENGTH_BYTES);
    this.#length(size);
    this.#end += size;
  }

  jsonb(value: JsonText): void {
    const isText = typeof value === 'string';
    const most = isText ? value.length * BYTES_MAX : value.to - value.from;
    this.#room(LENGTH_BYTES + 1 + most);
    const start = this.#end + LENGTH_BYTES + 1;
    const size = isText
      ? this.#bytes.write(value, start)
      : value.bytes.copy(this.#bytes, start, value.from, value.to);
    this.#length(size + 1);
    this.#bytes[this.#end] = JSONB_VERSION;
    this.#end += size + 1;
  }

  #length(size: number): void {
    this.#view.setInt32(this.#end, size);
    this.#end += LENGTH_BYTES;
  }

  #room(size: number): void {
    if (this.#end + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#end + size, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

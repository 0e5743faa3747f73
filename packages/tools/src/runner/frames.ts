/** Frames between worker and runner: four bytes of length, one line of JSON, then raw bytes. */

const LENGTH_BYTES = 4;
const NEWLINE = 0x0a;
/** Runners flush long before; what is larger is not from them. */
const FRAME_MAX = 64 * 1024 * 1024;

export interface Frame {
  header: Record<string, unknown>;
  body: Buffer;
}

export function encodeFrame(header: object, body = ''): Buffer {
  const line = `${JSON.stringify(header)}\n`;
  const length = Buffer.byteLength(line) + Buffer.byteLength(body);
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + length);
  frame.writeUInt32BE(length);
  const end = LENGTH_BYTES + frame.write(line, LENGTH_BYTES);
  frame.write(body, end);
  return frame;
}

/** What came through the pipe is no frame: the code wrote there itself. */
export class BrokenFrame extends Error {}

/** Cuts a stream of bytes into frames. Throws {@link BrokenFrame}; then nothing that follows can be read. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;

  /** Frames before a broken one are told. */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (let frame = this.#next(); frame; frame = this.#next()) yield frame;
  }

  #next(): Frame | undefined {
    if (this.#size < LENGTH_BYTES) return undefined;
    if ((this.#chunks[0] as Buffer).length < LENGTH_BYTES) this.#join();
    const length = (this.#chunks[0] as Buffer).readUInt32BE();
    if (length > FRAME_MAX) throw new BrokenFrame('more than 64 MiB at once');
    if (this.#size < LENGTH_BYTES + length) return undefined;
    const bytes = this.#join();
    const payload = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
    this.#chunks = [bytes.subarray(LENGTH_BYTES + length)];
    this.#size -= LENGTH_BYTES + length;
    const end = payload.indexOf(NEWLINE);
    return { header: headerOf(payload.toString('utf8', 0, end)), body: payload.subarray(end + 1) };
  }

  #join(): Buffer {
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }
}

function headerOf(line: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(line);
  } catch {
    throw new BrokenFrame('no JSON');
  }
  if (typeof header !== 'object' || header === null) throw new BrokenFrame('no object');
  return header as Record<string, unknown>;
}

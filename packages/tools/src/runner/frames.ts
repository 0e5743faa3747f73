/** Frames between worker and runner: four bytes of length, one line of JSON, then raw bytes. */

const LENGTH_BYTES = 4;
const NEWLINE = 0x0a;

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

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;

  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    if (this.#size < LENGTH_BYTES) return undefined;
    if ((this.#chunks[0] as Buffer).length < LENGTH_BYTES) this.#join();
    const length = (this.#chunks[0] as Buffer).readUInt32BE();
    if (this.#size < LENGTH_BYTES + length) return undefined;
    const bytes = this.#join();
    const payload = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
    this.#chunks = [bytes.subarray(LENGTH_BYTES + length)];
    this.#size -= LENGTH_BYTES + length;
    const end = payload.indexOf(NEWLINE);
    const header = JSON.parse(payload.toString('utf8', 0, end)) as Record<string, unknown>;
    return { header, body: payload.subarray(end + 1) };
  }

  #join(): Buffer {
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }
}

/**
 * Frames between worker and runner: four bytes of length, one line of JSON, then raw bytes. The pipes are read and
 * written synchronously, so that code can read stored lists in the middle of a loop.
 */
import { readSync, writeSync } from 'node:fs';

export const waiting = [];

function readExactly(size) {
  const bytes = Buffer.allocUnsafe(size);
  let filled = 0;
  while (filled < size) {
    const count = readSync(0, bytes, filled, size - filled, null);
    if (count === 0) process.exit(0);
    filled += count;
  }
  return bytes;
}

export function readFrame() {
  const payload = readExactly(readExactly(4).readUInt32BE());
  const end = payload.indexOf(10);
  return { header: JSON.parse(payload.toString('utf8', 0, end)), body: payload.subarray(end + 1) };
}

export function writeFrame(header, ...chunks) {
  const line = Buffer.from(`${JSON.stringify(header)}\n`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(chunks.reduce((sum, chunk) => sum + chunk.length, line.length));
  const bytes = Buffer.concat([length, line, ...chunks]);
  for (let written = 0; written < bytes.length;) written += writeSync(1, bytes, written);
}

/** Sends a question and waits for its answer; frames of work that come before it wait their turn. */
export function ask(header, ...chunks) {
  writeFrame(header, ...chunks);
  for (;;) {
    const frame = readFrame();
    if (frame.header.op === 'answer') return frame;
    waiting.push(frame);
  }
}

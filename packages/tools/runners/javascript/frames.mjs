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

/** Frames are gone when {@link writeFrame} returns, so that one piece of memory does for all that are not huge. */
let scratch = Buffer.allocUnsafeSlow(1024 * 1024);
const SCRATCH_MAX = 4 * 1024 * 1024;

/** `body` is text. */
export function writeFrame(header, body = '') {
  const line = `${JSON.stringify(header)}\n`;
  const most = 4 + 3 * (line.length + body.length);
  if (most > scratch.length && most <= SCRATCH_MAX) scratch = Buffer.allocUnsafeSlow(most);
  const bytes = most <= scratch.length ? scratch : Buffer.allocUnsafeSlow(most);
  let end = 4 + bytes.utf8Write(line, 4);
  end += bytes.utf8Write(body, end);
  bytes.writeUInt32BE(end - 4);
  for (let written = 0; written < end;) written += writeSync(1, bytes, written, end - written);
}

/** Sends a question and waits for its answer; frames of work that come before it wait their turn. */
export function ask(header, body) {
  writeFrame(header, body);
  for (;;) {
    const frame = readFrame();
    if (frame.header.op === 'answer') return frame;
    waiting.push(frame);
  }
}

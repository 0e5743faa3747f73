/** Resident JavaScript runner: takes frames of items, runs the step's code for each, answers with results and prints. */
import { Batch, FILE } from './batch.mjs';
import { encodeResult, Refused } from './encode.mjs';
import { readFrame, waiting, writeFrame } from './frames.mjs';
import { captured, startPrints } from './prints.mjs';

const FLUSH_MS = 20;
const FLUSH_CHARACTERS = 4 * 1024 * 1024;

function failure(error) {
  if (error instanceof Refused) return { code: error.code, message: error.message };
  const type = error?.name ?? typeof error;
  const stack = String(error?.stack ?? '');
  const line = Number(/<step>:(\d+)/.exec(stack)?.[1] ?? NaN);
  const isSyntax = type === 'SyntaxError' && stack.startsWith(FILE);
  const where = Number.isNaN(line) ? '' : ` (line ${line})`;
  const frames = stack
    .split('\n')
    .filter((text) => text.includes(FILE))
    .slice(0, 20);
  return {
    code: isSyntax ? 'CODE_SYNTAX' : 'CODE_EXCEPTION',
    message: `${type}: ${String(error?.message ?? error)}${where}`.slice(0, 4000),
    ...(Number.isNaN(line) ? {} : { line }),
    type,
    traceback: frames.join('\n').slice(0, 8000),
  };
}

/** JSON text of what an item gave. */
function told(batch, value) {
  return encodeResult(value === undefined ? { status: 'success', stdout: captured() } : value, batch.stream);
}

function failureText(error) {
  return JSON.stringify(failure(error)).replaceAll('\\u0000', '');
}

async function runFrame(batch, each, body) {
  const holes = batch.hasHoles || body.includes('"_ref"');
  const items = JSON.parse(`[${body.toString()}]`);
  let report = { ms: [], failed: [], prints: [] };
  let texts = [];
  let held = 0;
  let flushed = performance.now();
  let started = flushed;
  const flush = (end) => {
    writeFrame({ op: 'out', ...report, end }, texts.join('\n'));
    report = { ms: [], failed: [], prints: [] };
    texts = [];
    held = 0;
    flushed = performance.now();
    started = flushed;
  };
  for (let index = 0; index < items.length && !batch.stopped; index += 1) {
    const item = items[index];
    items[index] = undefined;
    let failed = false;
    let text;
    startPrints();
    // In place, because a function of its own would be one more promise for each item.
    try {
      let value;
      try {
        value = await batch.run(item, holes);
      } finally {
        batch.clear();
      }
      text = told(batch, value);
    } catch (error) {
      failed = true;
      text = failureText(error);
    }
    const prints = captured();
    if (prints !== '') report.prints.push([texts.length, prints.replaceAll('\0', '')]);
    if (failed) {
      report.failed.push(texts.length);
      batch.stopped = batch.stopOnError;
    }
    texts.push(text);
    held += text.length + prints.length;
    const now = performance.now();
    report.ms.push(Math.round((now - started) * 1000) / 1000);
    started = now;
    if (index + 1 < items.length && (each || now - flushed > FLUSH_MS || held > FLUSH_CHARACTERS))
      flush(false);
  }
  flush(true);
}

let batch;
writeFrame({ op: 'ready' });
for (;;) {
  const { header, body } = waiting.shift() ?? readFrame();
  if (header.op !== 'run') continue;
  if (header.code !== undefined) batch = new Batch(header);
  await runFrame(batch, header.each, body);
}

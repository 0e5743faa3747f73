/** Measures every peer on the heavy loop's items and gives a row for each way of using it, or says why there is none. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { row, type Row, type RunOptions, type Scenario } from '../scenario.ts';
import { PEERS } from './catalogue.ts';
import { installed } from './install.ts';
import type { Timing } from './messages.ts';
import type { Peer } from './peer.ts';
import { failedOf, runsOf } from './runs.ts';
import { startService } from './services.ts';
import { TooSlow, trial } from './trial.ts';

/** Sizes that peers are measured at. The slowest do not get through the larger one in time. */
const ITEMS_MIN = 10_000;
const ITEMS_MAX = 100_000;
const LIMIT_MS = 10 * 60_000;
/** A figure whose runs have taken so long gets no more samples. */
const ENOUGH_S = 5 * 60;
const DRIVER = fileURLToPath(new URL('./driver.js', import.meta.url));

export const peers: Scenario = {
  name: 'peers',
  describe: 'Other products on the same items and body: every result durable and read back.',
  run: (options) => measurePeers(asked(options), options),
};

function asked({ peers: names }: RunOptions): Peer[] {
  return names === undefined ? PEERS : PEERS.filter(({ name }) => names.includes(name));
}

export async function measurePeers(peers: Peer[], options: RunOptions): Promise<Row[]> {
  const interruption = new AbortController();
  const measured = measureInTurn(peers, options, interruption.signal);
  options.atEnd(async () => {
    interruption.abort();
    // What runs ends at once, what has not begun never does.
    await measured;
  });
  return measured;
}

async function measureInTurn(peers: Peer[], options: RunOptions, signal: AbortSignal): Promise<Row[]> {
  const rows: Row[] = [];
  for (const items of sizes(options))
    for (const peer of peers) rows.push(...(await measurePeer(peer, items, options, signal)));
  return rows;
}

/** Those asked for that fit, or the largest that is smaller. */
function sizes({ items }: RunOptions): number[] {
  const fitting = items.filter((count) => count >= ITEMS_MIN && count <= ITEMS_MAX);
  return fitting.length > 0 ? fitting : [Math.min(ITEMS_MIN, ...items.slice(-1))];
}

/** One row for each variant. */
async function measurePeer(
  peer: Peer,
  items: number,
  options: RunOptions,
  signal: AbortSignal,
): Promise<Row[]> {
  const names = Object.keys(peer.variants);
  let folder: string;
  try {
    options.progress(`${peer.name}: installing`);
    folder = await installed(peer.name, peer.packages, signal);
  } catch (error) {
    return names.map((name) => skipped({ peer, name, items }, options, error));
  }
  const rows: Row[] = [];
  for (const name of names) {
    rows.push(await measureVariant({ peer, name, items, folder, signal }, options));
  }
  return rows;
}

interface Subject {
  peer: Peer;
  /** Of the variant. */
  name: string;
  items: number;
}

interface Use extends Subject {
  folder: string;
  signal: AbortSignal;
}

async function measureVariant(use: Use, options: RunOptions): Promise<Row> {
  const { peer, name, items } = use;
  const measure = (round: number, limitMs: number) => {
    options.progress(`${peer.name}, ${name}, ${String(items)} items: run ${round} of ${options.repeat}`);
    const dir = join(options.dir, `${peer.name}-${name}-${String(items)}-${round}`);
    return measureOnce(use, options, { dir, limitMs });
  };
  const enoughS = Math.min(options.secondsPerFigure, ENOUGH_S);
  const runs = await runsOf({ times: options.repeat, enoughS, limitMs: LIMIT_MS }, measure);
  const { timings, failures } = runs;
  if (timings.length === 0) return skipped(use, options, failures[0]);
  return row({
    ...identity(use, options),
    samples: timings.map((timing) => items / timing.collected),
    facts: { items, ...facts(timings), ...failedOf(runs) },
  });
}

/** On a service of its own, with nothing in it. */
async function measureOnce(
  use: Use,
  options: RunOptions,
  { dir, limitMs }: { dir: string; limitMs: number },
): Promise<Timing> {
  const { peer, name, items, folder, signal } = use;
  signal.throwIfAborted();
  await mkdir(dir, { recursive: true });
  const service = await startService(peer.service, dir, folder);
  try {
    const { url, adminUrl } = service;
    const size = { items, padding: paddingOf(options) };
    const order = { peer: peer.name, variant: name, folder, url, adminUrl, ...size };
    return await trial(
      { ...order, workers: options.workers },
      { program: DRIVER, limitMs, logFile: join(dir, 'run.log'), signal },
    );
  } finally {
    await service.stop();
  }
}

function identity({ peer, name, items }: Subject, options: RunOptions): Pick<Row, 'key' | 'label' | 'unit'> {
  return {
    key: `peers/${peer.name}/${name}/${items}/${paddingOf(options)}`,
    label: peer.variants[name]?.label ?? name,
    unit: 'items/s',
  };
}

/** Peers are measured with the least. */
function paddingOf({ padding }: RunOptions): number {
  return Math.min(...padding);
}

/** Of the run with the median duration. */
function facts(timings: Timing[]): Record<string, number> {
  const sorted = timings.toSorted((a, b) => a.collected - b.collected);
  const typical = sorted[Math.floor((sorted.length - 1) / 2)];
  if (typical === undefined) return {};
  return { enqueue_seconds: typical.enqueued, run_seconds: typical.collected - typical.enqueued };
}

function skipped(subject: Subject, options: RunOptions, error: unknown): Row {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    ...identity(subject, options),
    value: Number.NaN,
    samples: [],
    facts: { items: subject.items },
    skipped: `${subject.peer.name} ${reason}`,
    ...(error instanceof TooSlow && { below: subject.items / error.limitS }),
  };
}

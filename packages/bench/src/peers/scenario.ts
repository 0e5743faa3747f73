/** Measures every peer on the heavy loop's items and gives a row for each way of using it, or says why there is none. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repeated, row, type Row, type RunOptions, type Scenario } from '../scenario.ts';
import { PEERS } from './catalogue.ts';
import { installed } from './install.ts';
import type { Timing } from './messages.ts';
import type { Peer } from './peer.ts';
import { startService } from './services.ts';
import { trial } from './trial.ts';

/** Peers are measured at one size: the slowest need half a minute for it. */
const ITEMS_MAX = 10_000;
const LIMIT_MS = 300_000;
const DRIVER = fileURLToPath(new URL('./driver.js', import.meta.url));

export const peers: Scenario = {
  name: 'peers',
  describe: 'Other products on the same items and body: every result durable and read back.',
  run: (options) => measurePeers(PEERS, options),
};

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
  for (const peer of peers) rows.push(...(await measurePeer(peer, options, signal)));
  return rows;
}

/** One row for each variant. */
async function measurePeer(peer: Peer, options: RunOptions, signal: AbortSignal): Promise<Row[]> {
  const names = Object.keys(peer.variants);
  let folder: string;
  try {
    options.progress(`${peer.name}: installing`);
    folder = await installed(peer.name, peer.packages, signal);
  } catch (error) {
    return names.map((name) => skipped(peer, name, options, error));
  }
  const rows: Row[] = [];
  for (const name of names) {
    rows.push(await measureVariant({ peer, name, folder, signal }, options));
  }
  return rows;
}

interface Use {
  peer: Peer;
  /** Of the variant. */
  name: string;
  folder: string;
  signal: AbortSignal;
}

async function measureVariant(use: Use, options: RunOptions): Promise<Row> {
  const { peer, name } = use;
  try {
    const measure = (round: number) => {
      options.progress(`${peer.name}, ${name}: run ${round} of ${options.repeat}`);
      return measureOnce(use, options, join(options.dir, `${peer.name}-${name}-${round}`));
    };
    const timings = await repeated(options.repeat, measure, options.until);
    return row({
      ...identity(peer, name, options),
      samples: timings.map((timing) => size(options).items / timing.collected),
      facts: facts(timings),
    });
  } catch (error) {
    return skipped(peer, name, options, error);
  }
}

/** On a service of its own, with nothing in it. */
async function measureOnce(use: Use, options: RunOptions, dir: string): Promise<Timing> {
  const { peer, name, folder, signal } = use;
  signal.throwIfAborted();
  await mkdir(dir, { recursive: true });
  const service = await startService(peer.service, dir, folder);
  try {
    const { url, adminUrl } = service;
    const order = { peer: peer.name, variant: name, folder, url, adminUrl, ...size(options) };
    return await trial(
      { ...order, workers: options.workers },
      { program: DRIVER, limitMs: LIMIT_MS, logFile: join(dir, 'run.log'), signal },
    );
  } finally {
    await service.stop();
  }
}

function identity(peer: Peer, name: string, options: RunOptions): Pick<Row, 'key' | 'label' | 'unit'> {
  const { items, padding } = size(options);
  return {
    key: `peers/${peer.name}/${name}/${items}/${padding}`,
    label: peer.variants[name]?.label ?? name,
    unit: 'items/s',
  };
}

/** The largest size asked for that peers are measured at, with the least padding. */
function size(options: RunOptions): { items: number; padding: number } {
  const fitting = options.items.filter((items) => items <= ITEMS_MAX);
  return { items: fitting.at(-1) ?? ITEMS_MAX, padding: Math.min(...options.padding) };
}

/** Of the run with the median duration. */
function facts(timings: Timing[]): Record<string, number> {
  const sorted = timings.toSorted((a, b) => a.collected - b.collected);
  const typical = sorted[Math.floor((sorted.length - 1) / 2)];
  if (typical === undefined) return {};
  return { enqueue_seconds: typical.enqueued, run_seconds: typical.collected - typical.enqueued };
}

function skipped(peer: Peer, name: string, options: RunOptions, error: unknown): Row {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    ...identity(peer, name, options),
    value: Number.NaN,
    samples: [],
    skipped: `${peer.name} ${reason}`,
  };
}

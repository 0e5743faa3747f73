/** Measures every peer on the heavy loop's items and gives a row for each way of using it, or says why there is none. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repeated, row, type Row, type RunOptions, type Scenario } from '../scenario.ts';
import { PEERS } from './catalogue.ts';
import { installed } from './install.ts';
import type { Timing } from './messages.ts';
import type { Peer } from './peer.ts';
import { type Service, startService } from './services.ts';
import { trial } from './trial.ts';

/** Peers are measured at one size: the slowest need half a minute for it. */
const ITEMS_MAX = 10_000;
const LIMIT_MS = 180_000;
const DRIVER = fileURLToPath(new URL('driver.js', import.meta.url));

export const peers: Scenario = {
  name: 'peers',
  describe: 'Other products on the same items and body: every result durable and read back.',
  async run(options) {
    const rows: Row[] = [];
    for (const peer of PEERS) rows.push(...(await measurePeer(peer, options)));
    return rows;
  },
};

/** One row for each variant. */
export async function measurePeer(peer: Peer, options: RunOptions): Promise<Row[]> {
  const names = Object.keys(peer.variants);
  const stopped = new AbortController();
  const running: { service?: Service } = {};
  options.atEnd(async () => {
    stopped.abort();
    await running.service?.stop();
  });
  try {
    options.progress(`${peer.name}: installing`);
    const folder = await installed(peer.name, peer.packages);
    const dir = join(options.dir, peer.name);
    await mkdir(dir, { recursive: true });
    const service = await startService(peer.service, dir, folder);
    running.service = service;
    const rows: Row[] = [];
    for (const name of names) {
      rows.push(await measureVariant({ peer, name, folder, dir, service, signal: stopped.signal }, options));
    }
    return rows;
  } catch (error) {
    return names.map((name) => skipped(peer, name, options, error));
  } finally {
    await running.service?.stop();
  }
}

interface Use {
  peer: Peer;
  /** Of the variant. */
  name: string;
  folder: string;
  dir: string;
  service: Service;
  signal: AbortSignal;
}

async function measureVariant(use: Use, options: RunOptions): Promise<Row> {
  const { peer, name, service, signal } = use;
  const { items, padding } = size(options);
  try {
    const timings = await repeated(options.repeat, (round) => {
      options.progress(`${peer.name}, ${name}: run ${round} of ${options.repeat}`);
      const order = {
        peer: peer.name,
        variant: name,
        folder: use.folder,
        url: service.url,
        adminUrl: service.adminUrl,
        database: `${name}_${round}`.toLowerCase(),
        items,
        padding,
        workers: options.workers,
      };
      return trial(order, { program: DRIVER, limitMs: LIMIT_MS, logFile: join(use.dir, 'run.log'), signal });
    });
    return row({
      ...identity(peer, name, options),
      samples: timings.map((timing) => items / timing.collected),
      facts: facts(timings),
    });
  } catch (error) {
    return skipped(peer, name, options, error);
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

/**
 * Restate with its own server. Fan-out is a handler that calls another for each item and awaits all together
 * (docs.restate.dev/guides/parallelizing-work); a handler's result is durable in its journal. The tree is made by
 * hand: one handler calls √N branches of √N items, each of them calls its items.
 */
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type HeavyItem, type HeavyResult, tally } from './item.ts';
import type { Drive, DriverPlace, Peer, Place, Tally, Variant, WorkerPlace } from './peer.ts';
import { pieces } from './settling.ts';

const AWAITED_AT_ONCE = 100;
/**
 * Of ten thousand calls one is at times answered and still "running" for the server, which by default takes it up
 * again after eleven minutes. An item takes less than a millisecond.
 */
const STALLED = { inactivityTimeout: 5_000, abortTimeout: 1_000 };

interface Context {
  serviceClient(service: { name: string }): unknown;
}
type Handler = (context: Context, input: never) => Promise<unknown>;
interface RestateSdk {
  service(definition: { name: string; handlers: Record<string, Handler>; options?: object }): object;
  createEndpointHandler(options: object): Parameters<typeof createServer>[1];
  RestatePromise: { all<T>(promises: Promise<T>[]): Promise<T[]> };
}
interface ItemService {
  run(item: HeavyItem): Promise<HeavyResult>;
}
interface BranchService {
  run(items: HeavyItem[]): Promise<HeavyResult[]>;
}

const fanOut: Variant = {
  label: 'Restate, fan-out: a call per item from one handler',
  work: (place) => serve(place, (context, items) => eachItem(place, context, items)),
  drive,
};

const tree: Variant = {
  label: 'Restate, hand-made tree: √N branches of √N items',
  work: (place) =>
    serve(place, async (context, items) => {
      const branches = pieces(items, Math.ceil(Math.sqrt(items.length)));
      const calls = branches.map((part, index) =>
        (context.serviceClient({ name: `branch${index % place.workers}` }) as BranchService).run(part),
      );
      return (await together(place, calls)).flat();
    }),
  drive,
};

function restateSdk(place: Place): RestateSdk {
  return place.load('@restatedev/restate-sdk') as RestateSdk;
}

/** Calls the item handler of every worker process in turn, all before the first is awaited. */
function eachItem(place: WorkerPlace, context: Context, items: HeavyItem[]): Promise<HeavyResult[]> {
  const call = (item: HeavyItem) =>
    (context.serviceClient({ name: `item${item.id % place.workers}` }) as ItemService).run(item);
  return together(place, items.map(call));
}

/** Awaits all; a hundred at a time, because the time that `RestatePromise.all` needs grows with the square. */
async function together<T>(place: WorkerPlace, calls: Promise<T>[]): Promise<T[]> {
  const { RestatePromise } = restateSdk(place);
  const results: T[] = [];
  for (const part of pieces(calls, AWAITED_AT_ONCE)) results.push(...(await RestatePromise.all(part)));
  return results;
}

/**
 * A service lives at one address, and one address is one process here, so each process has services of its own name.
 */
async function serve(
  place: WorkerPlace,
  root: (context: Context, items: HeavyItem[]) => Promise<HeavyResult[]>,
): Promise<void> {
  const sdk = restateSdk(place);
  const service = (kind: string, run: Handler, options = {}) =>
    sdk.service({ name: `${kind}${place.number}`, handlers: { run }, options });
  const services = [
    service('root', async (context: Context, items: HeavyItem[]) => tally(await root(context, items))),
    service('branch', (context: Context, items: HeavyItem[]) => eachItem(place, context, items)),
    service('item', (_context: Context, item: HeavyItem) => place.body(item), STALLED),
  ];
  const server = createServer(sdk.createEndpointHandler({ services, logger: () => undefined }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // An invocation that breaks off makes the SDK throw where nobody can catch it; the server makes it again.
  process.on('uncaughtException', (error) => process.stderr.write(`${String(error.stack)}\n`));
  const { port } = server.address() as AddressInfo;
  place.listensOn(`http://127.0.0.1:${port}`);
}

function drive(place: DriverPlace): Promise<Drive> {
  let running: Promise<Tally> | undefined;
  return Promise.resolve({
    async beforeStart() {
      for (const uri of place.workerUrls()) await post(`${place.adminUrl}/deployments`, { uri });
    },
    async enqueue() {
      const sent = await post<{ invocationId: string }>(`${place.url}/root0/run/send`, place.items);
      running = outcome(`${place.url}/restate/invocation/${sent.invocationId}/attach`);
    },
    async collect() {
      if (running === undefined) throw new Error('nothing was enqueued');
      return running;
    },
  });
}

async function post<Answer>(url: string, body: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'bench' };
  return answered(await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }));
}

/** Waits for the end of the invocation; a request that had no answer within fetch's own limit is made again. */
async function outcome(url: string): Promise<Tally> {
  for (;;) {
    try {
      return await answered(await fetch(url));
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: string };
      if (code !== 'UND_ERR_HEADERS_TIMEOUT') throw error;
    }
  }
}

async function answered<Answer>(response: Response): Promise<Answer> {
  if (!response.ok) throw new Error(`Restate: HTTP ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

export const restate: Peer = {
  name: 'restate',
  // The newest SDK that runs on Node 20.
  packages: { '@restatedev/restate-server': '1.7.12', '@restatedev/restate-sdk': '1.14.5' },
  service: 'restate',
  variants: { fanOut, tree },
};

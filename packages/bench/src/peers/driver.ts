/**
 * The driver process of one run: starts the worker processes, puts the items in, waits for all results, checks them,
 * and tells how long it took. It ends when the process that started it does.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { variantOf } from './catalogue.ts';
import { loader } from './install.ts';
import { heavyBody, heavyItems, verify } from './item.ts';
import type { DriverSays, RunOrder, Timing, WorkerOrder, WorkerSays } from './messages.ts';
import type { DriverPlace } from './peer.ts';

process.once('disconnect', () => process.exit(1));
process.once('unhandledRejection', failed);
process.once('uncaughtException', failed);
process.once('message', (order: RunOrder) => {
  measure(order).then((timing) => end({ kind: 'measured', timing }), failed);
});

async function measure(order: RunOrder): Promise<Timing> {
  const crew = new Crew(order);
  const place: DriverPlace = {
    ...order,
    load: loader(order.folder),
    items: heavyItems(order.items),
    workerUrls: () => crew.urls,
    allDone: crew.allDone,
  };
  const drive = await variantOf(order.peer, order.variant).drive(place);
  await crew.start();
  await drive.beforeStart?.();
  const start = performance.now();
  await drive.enqueue();
  const enqueued = performance.now();
  const found = await drive.collect();
  const collected = performance.now();
  await verify(found, place.items, await heavyBody(order.padding));
  return { enqueued: (enqueued - start) / 1000, collected: (collected - start) / 1000 };
}

/** The worker processes of this run. */
class Crew {
  readonly urls: string[] = [];
  readonly allDone: Promise<void>;
  private readonly order: RunOrder;
  private open: number;
  private finish: () => void = () => undefined;

  constructor(order: RunOrder) {
    this.order = order;
    this.open = order.items;
    this.allDone = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  /** Starts them one after another, because some peers prepare their tables then; resolves when all are ready. */
  async start(): Promise<void> {
    for (let number = 0; number < this.order.workers; number++)
      await this.startOne({ ...this.order, number });
  }

  private async startOne(order: WorkerOrder): Promise<void> {
    const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)));
    child.once('exit', (code) => failed(new Error(`a worker process ended with code ${String(code)}`)));
    child.send(order);
    await this.ready(child, order.number);
  }

  private ready(child: ChildProcess, number: number): Promise<void> {
    return new Promise((resolve) => {
      child.on('message', (said: WorkerSays) => {
        if (said.kind === 'ready') resolve();
        else if (said.kind === 'listens') this.urls[number] = said.url;
        else {
          this.open -= said.count;
          if (this.open <= 0) this.finish();
        }
      });
    });
  }
}

function failed(error: unknown): void {
  end({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

/** Worker processes end when their channel closes with this process. */
function end(message: DriverSays): void {
  process.send?.(message, () => process.exit(0));
}

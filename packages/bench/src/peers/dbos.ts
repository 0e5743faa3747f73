/**
 * DBOS on PostgreSQL. Many tasks at once are child workflows on a queue (docs.dbos.dev/typescript/tutorials/
 * queue-tutorial), or steps of one workflow, started in a fixed order and awaited together
 * (docs.dbos.dev/typescript/tutorials/workflow-tutorial). Polling is as short as sensible; results are in its tables.
 */
import { type HeavyItem, type HeavyResult, tally } from './item.ts';
import type { Drive, DriverPlace, Peer, Place, Tally, Variant, WorkerPlace } from './peer.ts';
import { pieces } from './settling.ts';

const POLL_MS = 50;
/** Connections of each worker process. */
const POOL = 20;
/** Workflows of one process at a time, and steps or starts awaited together. */
const AT_ONCE = 50;
const VERSION = 'bench';

interface Handle<Result> {
  getResult(options?: object): Promise<Result>;
}
interface Dbos {
  DBOS: {
    setConfig(config: object): void;
    launch(): Promise<void>;
    registerQueue(name: string, options: object): Promise<unknown>;
    registerWorkflow<Args extends unknown[], Result>(
      workflow: (...args: Args) => Promise<Result>,
      options: object,
    ): (...args: Args) => Promise<Result>;
    startWorkflow<Args extends unknown[], Result>(
      workflow: (...args: Args) => Promise<Result>,
      options: object,
    ): (...args: Args) => Promise<Handle<Result>>;
    waitAll(handles: Handle<HeavyResult>[], options: object): Promise<unknown>;
    runStep<Result>(step: () => Promise<Result>, options: object): Promise<Result>;
  };
  DBOSClient: {
    create(
      options: object,
    ): Promise<{ enqueue(options: object, items: HeavyItem[]): Promise<Handle<Tally>> }>;
  };
}

const children: Variant = {
  label: 'DBOS, a child workflow per item, on a queue',
  async work(place) {
    const { DBOS } = dbosSdk(place);
    const child = DBOS.registerWorkflow(place.body, {
      name: 'child',
    });
    const parent = async (items: HeavyItem[]) => {
      const handles: Handle<HeavyResult>[] = [];
      for (const part of pieces(items, AT_ONCE)) {
        const start = (item: HeavyItem) => DBOS.startWorkflow(child, { queueName: 'items' })(item);
        handles.push(...(await Promise.all(part.map(start))));
      }
      const results: HeavyResult[] = [];
      for (const part of pieces(handles, AT_ONCE)) {
        results.push(
          ...(await Promise.all(part.map((handle) => handle.getResult({ pollingIntervalMs: POLL_MS })))),
        );
      }
      return tally(results);
    };
    DBOS.registerWorkflow(parent, { name: 'parent' });
    await launch(place);
  },
  drive,
};

const steps: Variant = {
  label: 'DBOS, a step per item in one workflow',
  async work(place) {
    const { DBOS } = dbosSdk(place);
    const parent = async (items: HeavyItem[]) => {
      const results: HeavyResult[] = [];
      for (const part of pieces(items, AT_ONCE)) {
        const step = (item: HeavyItem) => DBOS.runStep(() => place.body(item), { name: 'item' });
        results.push(...(await Promise.all(part.map(step))));
      }
      return tally(results);
    };
    DBOS.registerWorkflow(parent, { name: 'parent' });
    await launch(place);
  },
  drive,
};

function dbosSdk(place: Place): Dbos {
  return place.load('@dbos-inc/dbos-sdk') as Dbos;
}

async function launch(place: WorkerPlace): Promise<void> {
  const { DBOS } = dbosSdk(place);
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: place.url,
    systemDatabasePoolSize: POOL,
    applicationVersion: VERSION,
    executorID: `worker-${place.number}`,
    logLevel: 'error',
    enableOTLP: false,
    tracingEnabled: false,
  });
  await DBOS.launch();
  await DBOS.registerQueue('parents', { minPollingIntervalMs: POLL_MS });
  await DBOS.registerQueue('items', { workerConcurrency: AT_ONCE, minPollingIntervalMs: POLL_MS });
}

function drive(place: DriverPlace): Promise<Drive> {
  const { DBOSClient } = dbosSdk(place);
  let parent: Handle<Tally> | undefined;
  let client: Awaited<ReturnType<typeof DBOSClient.create>> | undefined;
  return Promise.resolve({
    async beforeStart() {
      client = await DBOSClient.create({ systemDatabaseUrl: place.url, applicationName: 'bench' });
    },
    async enqueue() {
      const options = { workflowName: 'parent', queueName: 'parents', appVersion: VERSION };
      parent = await client?.enqueue(options, place.items);
    },
    async collect() {
      if (parent === undefined) throw new Error('nothing was enqueued');
      return parent.getResult({ pollingIntervalMs: POLL_MS });
    },
  });
}

export const dbos: Peer = {
  name: 'dbos',
  packages: { '@dbos-inc/dbos-sdk': '5.3.0' },
  service: 'postgres',
  variants: { children, steps },
};

/** One worker process: two lanes of commands, runners, leases; stateless, so that any number may come and go. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { connectBus, consumeCommands, type Bus, type Subscription } from '@noetl/bus';
import { parsePlaybook } from '@noetl/playbook';
import { snowflakes } from '@noetl/protocol';
import { every, runServices, templateEnv, type Config, type Log, type Service } from '@noetl/service';
import {
  beatRuntime,
  catalogCache,
  connectStore,
  createSealer,
  endRuntime,
  poolCapacity,
  type Store,
} from '@noetl/store';
import { createToolbox } from '@noetl/tools';
import { handleCommand } from './handle-command.ts';
import { Leases } from './leases.ts';
import { loopCache } from './loop-context.ts';
import { Permits } from './permits.ts';
import { Credentials } from './secrets.ts';
import { storedValues } from './stored-values.ts';
import { Turns } from './turns.ts';
import type { WorkerDeps } from './worker-deps.ts';

/**
 * What lives in a worker is small and its garbage plentiful: V8 would let the heap grow to several times the size of
 * what lives before it collects.
 */
const HEAP_FLAG = '--heap-growing-percent=50';
const ROLL_CALL_MS = 2_000;
const ID_SHARDS = 32;

/** Runs until SIGTERM; then takes no new command, finishes those it holds, and leaves. */
export async function runWorker(config: Config, log: Log): Promise<void> {
  setFlagsFromString(HEAP_FLAG);
  const workerId = `${hostname()}-${String(process.pid)}-${randomUUID().slice(0, 8)}`;
  const clock = (): number => performance.now();
  const store = connectStore({
    url: config.databaseUrl,
    maxConnections: config.databaseConnections,
    applicationName: 'noetl-worker',
    onError: (error) => log.warn('a database connection broke', { error }),
  });
  const bus = await connectBus({ ...config.nats, name: `worker-${workerId}`, log });
  const toolbox = createToolbox({
    pythonPath: config.pythonPath,
    runners: config.runners,
    httpHosts: config.httpHosts,
    ...(config.scriptsDir !== undefined && { scriptsDir: config.scriptsDir }),
  });
  const leases = new Leases({
    store,
    workerId,
    log,
    leaseMs: config.leaseMs,
    heartbeatMs: config.heartbeatMs,
    clock,
  });
  const turns = new Turns(store, log);
  const permits = new Permits({ store, bus, log, workerId, leaseMs: config.leaseMs, clock });
  const playbooks = catalogCache(store, (content) => parsePlaybook(content).playbook);
  const rollCall = new RollCall(store, workerId, config.workerSlots, log);
  const deps: WorkerDeps = {
    store,
    bus,
    toolbox,
    log,
    workerId,
    leases,
    permits,
    turns,
    credentials: new Credentials(store, createSealer(config.encryptionKeys)),
    playbooks,
    loops: loopCache(store, playbooks),
    values: (executionId) => storedValues(store, executionId),
    poolSlots: () => rollCall.slots,
    newId: snowflakes(Math.floor(Math.random() * ID_SHARDS), Date.now),
    env: templateEnv(config),
    leaseMs: config.leaseMs,
    nowMs: Date.now,
    clock,
  };
  const closing: Service = {
    name: 'connections',
    start: () => Promise.resolve(),
    stop: async () => {
      await toolbox.close();
      await bus.close();
      await store.close();
    },
  };
  const services = [
    closing,
    leases.service,
    permits.service,
    turns.service,
    rollCall.service,
    lanes(deps, bus, config),
  ];
  await runServices(services, { log, graceMs: config.shutdownGraceMs });
}

function lanes(deps: WorkerDeps, bus: Bus, config: Config): Service {
  const subscriptions: Subscription[] = [];
  const onMessage = handleCommand.bind(undefined, deps);
  const shared = { pool: config.workerPool, onMessage };
  return {
    name: 'lanes',
    start: () => {
      subscriptions.push(
        consumeCommands(bus, {
          ...shared,
          lane: 'step',
          maxMessages: config.stepSlots,
          ackWaitMs: config.stepAckWaitMs,
        }),
        consumeCommands(bus, {
          ...shared,
          lane: 'chunk',
          maxMessages: config.workerSlots,
          ackWaitMs: config.chunkAckWaitMs,
        }),
      );
      return Promise.resolve();
    },
    stop: async () => {
      await Promise.all(subscriptions.map((subscription) => subscription.stop()));
    },
  };
}

/** Says that this worker lives, and counts the slots of all that do. */
class RollCall {
  slots: number;
  readonly service: Service;

  constructor(store: Store, name: string, capacity: number, log: Log) {
    this.slots = capacity;
    const call = async (): Promise<void> => {
      await beatRuntime(store, { name, kind: 'worker_pool', capacity, labels: {} });
      this.slots = Math.max(capacity, await poolCapacity(store));
    };
    const rounds = every('roll-call', ROLL_CALL_MS, call, { log });
    this.service = {
      name: 'roll-call',
      start: async () => {
        await call();
        await rounds.start();
      },
      stop: async () => {
        await rounds.stop();
        await endRuntime(store, { kind: 'worker_pool', name });
      },
    };
  }
}

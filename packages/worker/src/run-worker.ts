/** One worker process: two lanes of commands, runners, leases; stateless, so that any number may come and go. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { connectBus, consumeCommands, type Bus, type BusOptions, type Subscription } from '@noetl/bus';
import { parsePlaybook } from '@noetl/playbook';
import { snowflakes } from '@noetl/protocol';
import {
  busRecorder,
  failpoints,
  Metrics,
  metricsServer,
  roundRecorder,
  runServices,
  startTraces,
  templateEnv,
  watchPool,
  whenUp,
  type Config,
  type Log,
  type Service,
} from '@noetl/service';
import { catalogCache, connectStore, createSealer, traceOrigin, type Store } from '@noetl/store';
import { createToolbox, prepareIsolation, type Prepared, type RunnerEnd, type Toolbox } from '@noetl/tools';
import { handleCommand } from './handle-command.ts';
import { Leases } from './leases.ts';
import { loopCache } from './loop-context.ts';
import { workerRecorder } from './metrics.ts';
import { Permits } from './permits.ts';
import { Credentials } from './credentials.ts';
import { RollCall } from './roll-call.ts';
import { storedValues } from './stored-values.ts';
import { Turns } from './turns.ts';
import type { WorkerDeps } from './worker-deps.ts';

/**
 * What lives in a worker is small and its garbage plentiful: V8 would let the heap grow to several times the size of
 * what lives before it collects. Twice is where collecting costs little yet.
 */
const HEAP_FLAG = '--heap-growing-percent=100';
/**
 * A worker that is frozen in the middle of a COPY is in a statement for Postgres, not idle, and holds the row of its
 * command for so long. What is cut short is offered again while the lease holds.
 */
const STATEMENT_TIMEOUT_MS = 15_000;
const ID_SHARDS = 32;

/** Runs until SIGTERM; then takes no new command, finishes those it holds, and leaves. */
export async function runWorker(config: Config, log: Log): Promise<void> {
  setFlagsFromString(HEAP_FLAG);
  const workerId = `${hostname()}-${String(process.pid)}-${randomUUID().slice(0, 8)}`;
  const clock = (): number => performance.now();
  const metrics = new Metrics();
  const record = workerRecorder(metrics, { step: config.stepSlots, chunk: config.workerSlots });
  const rounds = roundRecorder(metrics);
  const prepared = await isolated(config, log);
  const { isolation } = prepared;
  record.isolation(isolation.level);
  const { store, bus } = await connect(config, log, metrics, workerId);
  const toolbox = toolboxOf(config, prepared, (language, reason) => {
    record.runnerEnded(language, reason);
    rollCall.runnerRestarts += 1;
  });
  const leases = new Leases({
    store,
    workerId,
    log,
    leaseMs: config.leaseMs,
    heartbeatMs: config.heartbeatMs,
    rounds,
    lost: () => record.leaseLost(),
    clock,
  });
  const turns = new Turns(store, config.workerPool, log, rounds);
  const permits = new Permits({ store, bus, log, rounds, workerId, leaseMs: config.leaseMs, clock });
  const playbooks = catalogCache(store, (content) => parsePlaybook(content).playbook);
  const place = { capacity: config.workerSlots, pool: config.workerPool };
  const rollCall = new RollCall(store, workerId, place, { log, rounds, isolation });
  const { traces, service: spans } = await startTraces(config, 'worker', (id) => traceOrigin(store, id), log);
  const deps: WorkerDeps = {
    store,
    bus,
    toolbox,
    log,
    record,
    traces,
    workerId,
    leases,
    permits,
    turns,
    credentials: new Credentials(store, createSealer(config.encryptionKeys)),
    playbooks,
    loops: loopCache(store, playbooks),
    values: (executionId) => storedValues(store, executionId),
    pool: config.workerPool,
    poolSlots: () => rollCall.slots,
    newId: snowflakes(Math.floor(Math.random() * ID_SHARDS), Date.now),
    env: templateEnv(config),
    leaseMs: config.leaseMs,
    failpoint: failpoints(config.failpoints),
    nowMs: Date.now,
    clock,
  };
  const services = [
    connections(deps),
    spans,
    metricsServer(metrics, config, log),
    leases.service,
    permits.service,
    turns.service,
    rollCall.service,
    lanes(deps, bus, config),
  ];
  await runServices(services, { log, graceMs: config.shutdownGraceMs });
}

function toolboxOf(
  config: Config,
  { isolation, python }: Prepared,
  runnerEnded: (language: string, reason: RunnerEnd) => void,
): Toolbox {
  return createToolbox({
    python,
    isolation,
    mixedRunners: config.isolation.mixedRunners,
    allowed: config.toolsAllowed,
    runners: config.runners,
    httpHosts: config.httpHosts,
    outbound: config.outbound,
    runnerEnded,
    ...(config.scriptsDir !== undefined && { scriptsDir: config.scriptsDir }),
  });
}

/** Says what was chosen and why it is no more; ends the worker when what was asked for is not to be had. */
async function isolated(config: Config, log: Log): Promise<Prepared> {
  const prepared = await prepareIsolation(config.isolation, config.pythonPath);
  const { level, network, gaps } = prepared.isolation;
  log.info('isolation of code', { isolation: level, network, gaps: [...gaps] });
  return prepared;
}

async function connect(
  config: Config,
  log: Log,
  metrics: Metrics,
  workerId: string,
): Promise<{ store: Store; bus: Bus }> {
  const store = connectStore({
    url: config.databaseUrl,
    maxConnections: config.databaseConnections,
    prepared: config.databasePrepared,
    applicationName: 'noetl-worker',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    onError: (error) => log.warn('a database connection broke', { error }),
  });
  watchPool(metrics, store.pool, config.databaseConnections);
  const connected: BusOptions = {
    ...config.nats,
    role: 'worker',
    name: `worker-${workerId}`,
    log,
    record: busRecorder(metrics),
  };
  return { store, bus: await whenUp(() => connectBus(connected), log) };
}

function connections({ toolbox, bus, store }: WorkerDeps): Service {
  return {
    name: 'connections',
    start: () => Promise.resolve(),
    stop: async () => {
      await toolbox.close();
      await bus.close();
      await store.close();
    },
  };
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

/** One aggregator process: closes finished loops on request, and looks for those that nobody asked about. */
import { connectBus, consumeAggregate, ensureTopology, type BusOptions, type Subscription } from '@noetl/bus';
import {
  busRecorder,
  every,
  failpoints,
  Metrics,
  metricsServer,
  roundRecorder,
  runServices,
  startTraces,
  watchPool,
  whenUp,
  type Config,
  type Log,
  type Service,
} from '@noetl/service';
import { connectStore, traceOrigin } from '@noetl/store';
import { collect, type AggregatorDeps } from './collect.ts';
import { gaugeRound } from './gauges.ts';
import { maintenanceService } from './maintenance.ts';
import { aggregatorRecorder } from './metrics.ts';
import { stuckSweep } from './stuck.ts';
import { sweepFilledLoops, sweepLoopStates } from './sweep.ts';

const COLLECT_AT_ONCE = 4;
/** Rows that are still on their way are looked for again after this. */
const AGAIN_MS = 500;
/** What is open is counted this often, and what makes no progress is looked for. */
const GAUGES_MS = 5_000;
const STUCK_MS = 30_000;

/** Runs until SIGTERM. */
export async function runAggregator(config: Config, log: Log): Promise<void> {
  const metrics = new Metrics();
  const rounds = roundRecorder(metrics);
  const store = connectStore({
    url: config.databaseUrl,
    maxConnections: config.databaseConnections,
    prepared: config.databasePrepared,
    applicationName: 'noetl-aggregator',
    onError: (error) => log.warn('a database connection broke', { error }),
  });
  watchPool(metrics, store.pool, config.databaseConnections);
  const connected: BusOptions = {
    ...config.nats,
    name: 'aggregator',
    role: 'aggregator',
    log,
    record: busRecorder(metrics),
  };
  const bus = await whenUp(() => connectBus(connected), log);
  await whenUp(() => ensureTopology(bus), log);
  const origin = (id: string) => traceOrigin(store, id);
  const { traces, service: spans } = await startTraces(config, 'aggregator', origin, log);
  const deps: AggregatorDeps = {
    store,
    bus,
    log,
    record: aggregatorRecorder(metrics),
    failpoint: failpoints(config.failpoints),
    traces,
    nowMs: Date.now,
  };
  const closing: Service = {
    name: 'connections',
    start: () => Promise.resolve(),
    stop: async () => {
      await bus.close();
      await store.close();
    },
  };
  const around = { log, rounds };
  const services = [
    closing,
    spans,
    metricsServer(metrics, config, log),
    every('sweep-filled', config.sweepMs, () => sweepFilledLoops(deps), around),
    every('sweep-states', config.sweepMs * 5, () => sweepLoopStates(deps), around),
    every('sweep-stuck', STUCK_MS, stuckSweep(deps, metrics), around),
    every('gauges', GAUGES_MS, gaugeRound(deps, metrics), around),
    maintenanceService(deps, {
      intervalMs: config.maintenanceMs,
      retentionDays: config.retentionDays,
      auditRetentionDays: config.auditRetentionDays,
      rounds,
    }),
    requests(deps),
  ];
  await runServices(services, { log, graceMs: config.shutdownGraceMs });
}

function requests(deps: AggregatorDeps): Service {
  let subscription: Subscription | undefined;
  return {
    name: 'requests',
    start: () => {
      subscription = consumeAggregate(deps.bus, {
        maxMessages: COLLECT_AT_ONCE,
        onMessage: async (message) => {
          if (await collect(deps, message.notice)) message.ack();
          else message.nak(AGAIN_MS);
        },
      });
      return Promise.resolve();
    },
    stop: async () => subscription?.stop(),
  };
}

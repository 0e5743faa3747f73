/** One aggregator process: closes finished loops on request, and looks for those that nobody asked about. */
import { connectBus, consumeAggregate, ensureTopology, type Subscription } from '@noetl/bus';
import { every, runServices, type Config, type Log, type Service } from '@noetl/service';
import { connectStore } from '@noetl/store';
import { collect, type AggregatorDeps } from './collect.ts';
import { sweepFilledLoops, sweepLoopStates } from './sweep.ts';

const COLLECT_AT_ONCE = 4;
/** Rows that are still on their way are looked for again after this. */
const AGAIN_MS = 500;

/** Runs until SIGTERM. */
export async function runAggregator(config: Config, log: Log): Promise<void> {
  const store = connectStore({
    url: config.databaseUrl,
    maxConnections: config.databaseConnections,
    applicationName: 'noetl-aggregator',
    onError: (error) => log.warn('a database connection broke', { error }),
  });
  const bus = await connectBus({ ...config.nats, name: 'aggregator', log });
  await ensureTopology(bus);
  const deps: AggregatorDeps = { store, bus, log, nowMs: Date.now };
  const closing: Service = {
    name: 'connections',
    start: () => Promise.resolve(),
    stop: async () => {
      await bus.close();
      await store.close();
    },
  };
  const services = [
    closing,
    every('sweep-filled', config.sweepMs, () => sweepFilledLoops(deps), { log }),
    every('sweep-states', config.sweepMs * 5, () => sweepLoopStates(deps), { log }),
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

/** One api process: HTTP, the orchestrator behind it, and the relay that finds what notices missed. */
import { createServer, type Server } from 'node:http';
import {
  commandsLoad,
  connectBus,
  ensureTopology,
  onAdvance,
  type Bus,
  type BusOptions,
  type Subscription,
} from '@noetl/bus';
import { parsePlaybook } from '@noetl/playbook';
import { snowflakes } from '@noetl/protocol';
import {
  busRecorder,
  ConfigError,
  every,
  failpoints,
  Metrics,
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
import {
  catalogCache,
  connectStore,
  createSealer,
  dropExpired,
  hasApiTokens,
  poolCapacities,
  traceOrigin,
  type Store,
} from '@noetl/store';
import { AuditTrail } from './access/audit.ts';
import { authentication } from './access/authenticate.ts';
import { admission } from './admission.ts';
import { AdvanceQueue } from './advance-queue.ts';
import { advance, startOf, type AdvanceDeps } from './advance.ts';
import { createApp } from './app.ts';
import { HotStates } from './hot-states.ts';
import { isLoopback } from './http/host.ts';
import { redrive } from './redrive.ts';
import { apiRecorder } from './metrics.ts';
import { relayServices } from './relay.ts';
import { scheduleService } from './schedules.ts';
import { webhookService } from './webhooks.ts';
import type { ApiDeps } from './routes/deps.ts';

const ROLL_CALL_MS = 2_000;
/** Values whose time is over are deleted every so many sweeps; they are not read before that either. */
const EXPIRY_SWEEPS = 10;
const TOPOLOGY_SWEEPS = 2;
const EXPIRED_MAX = 1_000;
/**
 * How long a request may take to arrive, and how large its head may be. Answers may take as long as they like: streams
 * of events and of items do.
 */
const SERVER_LIMITS = {
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  // Longer than load balancers keep idle connections: whoever closes first is never asked at the same moment.
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16 * 1024,
};
/** A request that waits longer for Postgres is answered with 503. */
const STATEMENT_TIMEOUT_MS = 15_000;
const READY_TIMEOUT_MS = 2_000;
const ID_SHARDS = 32;

/** Runs until SIGTERM; then takes no new request, finishes those it has, and leaves. */
export async function runApi(config: Config, log: Log): Promise<void> {
  refuseOpenDoor(config);
  const metrics = new Metrics();
  const record = apiRecorder(metrics);
  const rounds = roundRecorder(metrics);
  const { store, bus } = await connect(config, log, metrics);
  const { traces, service: spans } = await startTraces(config, 'api', (id) => traceOrigin(store, id), log);
  let capacities = new Map<string, number>();
  const countSlots = async (): Promise<void> => {
    capacities = await poolCapacities(store);
  };
  const deps: AdvanceDeps = {
    store,
    bus,
    log,
    playbooks: catalogCache(store, (content) => parsePlaybook(content).playbook),
    poolSlots: (pool) => Math.max(1, capacities.get(pool) ?? 0),
    nowMs: Date.now,
    env: templateEnv(config),
    failpoint: failpoints(config.failpoints),
    hot: new HotStates(),
    record,
    traces,
  };
  await tellFirstStep(config, store, log);
  const queue = new AdvanceQueue((executionId) => advance(deps, executionId), log);
  const audit = new AuditTrail(store, log);
  const api: ApiDeps = {
    store,
    bus,
    log,
    metrics,
    record,
    sealer: createSealer(config.encryptionKeys),
    auth: { on: config.auth.on, authenticate: authentication(store, config.auth) },
    audit,
    newId: snowflakes(Math.floor(Math.random() * ID_SHARDS), Date.now),
    nowMs: Date.now,
    sqlEndpoint: config.sqlEndpoint,
    playbook: deps.playbooks,
    start: (fresh) => advance(deps, fresh.execution_id, startOf(fresh)),
    cancel: (executionId, reason, cascade) => advance(deps, executionId, { kind: 'cancel', reason, cascade }),
    redrive: ({ execution_id, catalog_id }, request) => redrive(deps, execution_id, catalog_id, request),
    admit: admission(
      store,
      { executions: config.executionsMax, commands: config.commandsMax },
      { clock: () => performance.now(), fill: async () => (await commandsLoad(bus)).fill },
    ),
    ready: () => ready(store, bus),
  };
  await runServices(
    [
      connections(store, bus),
      spans,
      audit.service(),
      every('roll-call', ROLL_CALL_MS, countSlots, { log, rounds }),
      notices(bus, queue),
      // Workers may not make streams: after NATS was wiped they wait for us.
      every('topology', config.sweepMs * TOPOLOGY_SWEEPS, () => ensureTopology(bus), { log, rounds }),
      ...relayServices(deps, config.sweepMs, rounds),
      scheduleService(api, config.sweepMs, rounds),
      webhookService({ ...api, outbound: config.outbound }, config.sweepMs, rounds),
      every('expiry', config.sweepMs * EXPIRY_SWEEPS, () => dropExpired(store, EXPIRED_MAX), { log, rounds }),
      http(createServer(SERVER_LIMITS, createApp(api, { loopback: !config.auth.on })), config),
    ],
    { log, graceMs: config.shutdownGraceMs },
  );
}

/** Without authentication nobody but this machine may reach the api. Throws ConfigError. */
function refuseOpenDoor({ auth, host }: Config): void {
  if (auth.on || isLoopback(host)) return;
  throw new ConfigError(
    `"NOETL_HOST" is ${host}, where others can reach the api, and nobody has to sign in. Set NOETL_AUTH=on and ` +
      'NOETL_ADMIN_TOKEN (from: openssl rand -base64 32) or NOETL_OIDC_ISSUER; or NOETL_HOST=127.0.0.1',
  );
}

/** A first token is made without the api; who has none is told how. */
async function tellFirstStep({ auth }: Config, store: Store, log: Log): Promise<void> {
  if (!auth.on || auth.adminToken !== undefined || auth.oidc) return;
  if (!(await hasApiTokens(store)))
    log.warn('nobody can sign in yet: set NOETL_ADMIN_TOKEN, or run `noetl tokens create --admin`');
}

async function connect(config: Config, log: Log, metrics: Metrics): Promise<{ store: Store; bus: Bus }> {
  const store = connectStore({
    url: config.databaseUrl,
    maxConnections: config.databaseConnections,
    prepared: config.databasePrepared,
    applicationName: 'noetl-api',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    onError: (error) => log.warn('a database connection broke', { error }),
  });
  watchPool(metrics, store.pool, config.databaseConnections);
  const connected: BusOptions = {
    ...config.nats,
    name: 'api',
    role: 'api',
    log,
    record: busRecorder(metrics),
  };
  const bus = await whenUp(() => connectBus(connected), log);
  await whenUp(() => ensureTopology(bus), log);
  return { store, bus };
}

function connections(store: Store, bus: Bus): Service {
  return {
    name: 'connections',
    start: () => Promise.resolve(),
    stop: async () => {
      await bus.close();
      await store.close();
    },
  };
}

function notices(bus: Bus, queue: AdvanceQueue): Service {
  let subscription: Subscription | undefined;
  return {
    name: 'notices',
    start: () => {
      subscription = onAdvance(bus, (executionId) => void queue.push(executionId));
      return Promise.resolve();
    },
    stop: async () => {
      await subscription?.stop();
      await queue.idle();
    },
  };
}

function http(server: Server, { host, port }: Config): Service {
  return {
    name: 'http',
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, resolve);
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        // Streams of events would stay open for ever.
        setTimeout(() => server.closeAllConnections(), 1_000).unref();
      }),
  };
}

async function ready(store: Store, bus: Bus): Promise<{ postgres: boolean; nats: boolean }> {
  const inTime = (work: Promise<unknown>): Promise<boolean> =>
    Promise.race([
      work.then(
        () => true,
        () => false,
      ),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), READY_TIMEOUT_MS).unref()),
    ]);
  const [postgres, nats] = await Promise.all([
    inTime(store.pool.query('SELECT 1')),
    inTime(bus.connection.flush()),
  ]);
  return { postgres, nats };
}

/**
 * What a chaos run breaks: PostgreSQL and NATS of its own, and the product's processes on them. Every move is safe to
 * make while the part is away already; it then waits for it to come back first.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connectBus, publishCommand, type Bus } from '@noetl/bus';
import pg from 'pg';
import type { Direction } from '../fault-proxy.ts';
import { startLinkedPlatform, type LinkedPlatform, type ServiceName } from '../links.ts';
import { startTestNats, type TestNats } from '../nats.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { startOwnPostgres } from '../postgres.ts';
import { waitFor } from '../wait.ts';

type OwnPostgres = Awaited<ReturnType<typeof startOwnPostgres>>;

const UP_WITHIN_MS = 30_000;
const POLL_MS = 100;
/** Commands that are published once more at a time. */
const REPEAT_MAX = 200;

export interface WorldOptions {
  workers: number;
  env: Record<string, string>;
  /** A proxy on every link. */
  links?: boolean;
}

export class World {
  readonly platform: TestPlatform;
  readonly bus: Bus;
  readonly pool: pg.Pool;
  /** Processes that ended though nobody of us ended them, and how. */
  readonly exits: string[] = [];
  /** Workers that an item has killed. */
  poisoned = 0;
  readonly #firstPostgres: OwnPostgres;
  #postgres: Awaited<ReturnType<OwnPostgres['again']>>;
  #nats: TestNats;
  /** Moves on one part come one after another. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #away = new Set<string>();
  readonly #keeper: NodeJS.Timeout;
  readonly #linked: LinkedPlatform | undefined;

  private constructor(parts: {
    platform: TestPlatform;
    linked: LinkedPlatform | undefined;
    bus: Bus;
    pool: pg.Pool;
    postgres: OwnPostgres;
    nats: TestNats;
  }) {
    this.platform = parts.platform;
    this.#linked = parts.linked;
    this.bus = parts.bus;
    this.pool = parts.pool;
    this.#firstPostgres = parts.postgres;
    this.#postgres = parts.postgres;
    this.#nats = parts.nats;
    this.#keeper = setInterval(() => this.#keep(), POLL_MS);
  }

  static async start({ workers, env, links = false }: WorldOptions): Promise<World> {
    const postgres = await startOwnPostgres();
    const nats = await startTestNats();
    const options = { workers, postgres, nats, env };
    const linked = links ? await startLinkedPlatform(options) : undefined;
    const platform = linked ?? (await startPlatform(options));
    const pool = new pg.Pool({ connectionString: postgres.url, max: 4, connectionTimeoutMillis: 2_000 });
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    const bus = await connectBus({ url: nats.url, name: 'chaos' });
    return new World({ platform, linked, bus, pool, postgres, nats });
  }

  get workers(): string[] {
    return this.platform.processes.names.filter((name) => name.startsWith('worker') && !this.#away.has(name));
  }

  /** `kill -9`, and up again after `downMs`. Resolves when it is dead; `back` when it runs again. */
  async bounce(name: string, downMs: number): Promise<{ back: Promise<void> }> {
    await this.#turns.get(name);
    this.#away.add(name);
    await this.platform.kill(name);
    return { back: this.#later(name, downMs, () => this.platform.processes.restart(name, { ready: false })) };
  }

  /** SIGSTOP, and SIGCONT after `forMs`. */
  async freeze(name: string, forMs: number): Promise<{ back: Promise<void> }> {
    await this.#turns.get(name);
    this.#away.add(name);
    this.platform.processes.signal(name, 'SIGSTOP');
    const thaw = (): void => {
      this.platform.processes.signal(name, 'SIGCONT');
    };
    return { back: this.#later(name, forMs, thaw) };
  }

  /** `kill -9` of nats-server; with `wiped`, it comes back with nothing. */
  async bounceNats(downMs: number, wiped: boolean): Promise<{ back: Promise<void> }> {
    await this.#turns.get('nats');
    await this.#nats.kill();
    const back = this.#later('nats', downMs, async () => {
      this.#nats = await this.#nats.again({ wiped });
    });
    return { back };
  }

  /** An immediate shutdown: nothing is flushed. */
  async bouncePostgres(downMs: number): Promise<{ back: Promise<void> }> {
    await this.#turns.get('postgres');
    await this.#postgres.kill();
    const back = this.#later('postgres', downMs, async () => {
      this.#postgres = await this.#firstPostgres.again();
      await waitFor(() => this.pool.query('SELECT 1'), { what: 'Postgres', timeoutMs: UP_WITHIN_MS });
    });
    return { back };
  }

  /** One process and one or both services hear nothing of each other for a while, in one direction or both. */
  silenceLink(pick: number, forMs: number): void {
    const { name, services, directions } = this.#linkOf(pick);
    this.#linked?.spoil(name, services, { silent: directions });
    const healed = pause(forMs).then(() => this.#linked?.spoil(name, services, {}));
    this.#turns.set(`link ${name} ${services.join(' ')}`, healed);
  }

  /** All connections of one process to one or both services are reset. */
  resetLink(pick: number): void {
    const { name, services } = this.#linkOf(pick);
    for (const service of services) this.#linked?.link(name, service).reset();
  }

  #linkOf(pick: number): { name: string; services: ServiceName[]; directions: Direction[] } {
    const names = [
      'api',
      'aggregator',
      ...this.platform.processes.names.filter((name) => /^worker/.test(name)),
    ];
    const services: ServiceName[][] = [['postgres'], ['nats'], ['postgres', 'nats']];
    const directions: Direction[][] = [['up', 'down'], ['up'], ['down']];
    const chosen = <T>(of: T[], by: number): T => of[Math.floor(by) % of.length] as T;
    return {
      name: chosen(names, pick),
      services: chosen(services, pick / 16),
      directions: chosen(directions, pick / 64),
    };
  }

  /** Publishes the commands that are open now once more, as new messages. */
  async repeatCommands(): Promise<void> {
    const { rows } = await this.pool.query<{
      execution_id: string;
      command_id: string;
      lane: 'step' | 'chunk';
      pool: string;
    }>(
      `SELECT execution_id::text, command_id::text, lane, pool FROM noetl.command
       WHERE state IN ('pending', 'leased') LIMIT ${String(REPEAT_MAX)}`,
    );
    const stamp = performance.now().toString();
    for (const row of rows)
      await publishCommand(this.bus, row, { dedupe: `${row.command_id}:chaos:${stamp}` });
  }

  /** What processes say when Postgres refuses a row that is there already: the fence has let two through. */
  alarms(): string[] {
    return this.platform.processes.names.flatMap((name) => {
      const count = this.platform.log(name).split('duplicate key value').length - 1;
      return count > 0 ? [`${name} met ${String(count)} rows that were there already`] : [];
    });
  }

  /** Everybody is up, and stays so. */
  async heal(): Promise<void> {
    await Promise.all(this.#turns.values());
    await waitFor(() => this.pool.query('SELECT 1'), { what: 'Postgres', timeoutMs: UP_WITHIN_MS });
    await this.platform.processes.ready();
  }

  async stop(): Promise<void> {
    clearInterval(this.#keeper);
    await Promise.allSettled(this.#turns.values());
    await this.pool.end();
    await this.bus.close();
    await this.platform.stop();
    await this.#nats.stop();
    await this.#postgres.remove();
  }

  #later(name: string, afterMs: number, work: () => void | Promise<void>): Promise<void> {
    const turn = pause(afterMs)
      .then(work)
      .finally(() => this.#away.delete(name));
    this.#turns.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  }

  /** As a cluster does: a worker that an item has killed is replaced; any other end is remembered as a fault of ours. */
  #keep(): void {
    for (const { name, code } of this.platform.processes.ended()) {
      if (this.#away.has(name)) continue;
      if (name.startsWith('worker') && code === null) this.poisoned += 1;
      else this.exits.push(`${name} ended with code ${String(code)}: ${lastLine(this.platform.log(name))}`);
      this.#away.add(name);
      void this.#later(name, 0, () => this.platform.processes.restart(name, { ready: false }));
    }
  }
}

const LINE_MAX = 500;

function lastLine(log: string): string {
  return log.trimEnd().split('\n').at(-1)?.slice(0, LINE_MAX) ?? '';
}

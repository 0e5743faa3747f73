/** Connections to NATS servers of playbooks: one per credential, kept while used, bounded when idle. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, Events, type NatsConnection } from 'nats';
import { NoetlError } from '@noetl/protocol';
import { field } from '../auth.ts';
import type { Credential } from '../tool.ts';
import { failureOf, openingFailure } from './failure.ts';

const WAIT_MS = 5_000;
const KEPT_MAX = 16;

interface Entry {
  opening: Promise<NatsConnection>;
  users: number;
  down: boolean;
}

export class NatsConnections {
  /** In the order of last use. */
  readonly #entries = new Map<string, Entry>();

  /** Throws kind `connection` when the server stays away for 5 s, and the signal's reason. */
  async use<T>(
    credential: Credential,
    signal: AbortSignal,
    work: (connection: NatsConnection) => Promise<T>,
  ): Promise<T> {
    const options = optionsOf(credential);
    const key = JSON.stringify(options);
    const entry = this.#entries.get(key) ?? this.#open(key, options);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users += 1;
    try {
      const connection = await orAborted(entry.opening, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        throw openingFailure(error);
      });
      await orAborted(reconnected(entry), signal);
      return await orAborted(work(connection), signal);
    } catch (error) {
      throw failureOf(error, entry.down);
    } finally {
      entry.users -= 1;
      this.#closeIdle();
    }
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(closeEntry));
  }

  #open(key: string, options: ReturnType<typeof optionsOf>): Entry {
    const opening = connect({
      ...options,
      name: 'noetl-tool',
      timeout: WAIT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
    });
    const entry = { opening, users: 0, down: false };
    const forget = () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    opening.then((connection) => watch(entry, connection)).then(forget, forget);
    return entry;
  }

  #closeIdle(): void {
    for (const [key, entry] of [...this.#entries]) {
      if (this.#entries.size <= KEPT_MAX) return;
      if (entry.users > 0) continue;
      this.#entries.delete(key);
      void closeEntry(entry);
    }
  }
}

function optionsOf({ name, data }: Credential) {
  const servers = field(data, 'nats_url', 'url');
  if (servers === undefined) {
    throw new NoetlError('CREDENTIAL_INVALID', `the credential "${name}" has no \`nats_url\``);
  }
  const user = field(data, 'nats_user', 'user');
  const pass = field(data, 'nats_password', 'password');
  const token = field(data, 'nats_token', 'token');
  return {
    servers: servers.split(',').map((server) => server.trim()),
    ...(user !== undefined && { user }),
    ...(pass !== undefined && { pass }),
    ...(token !== undefined && { token }),
  };
}

/** Resolves when the connection is closed for good. */
async function watch(entry: Entry, connection: NatsConnection): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === Events.Disconnect) entry.down = true;
    if (type === Events.Reconnect) entry.down = false;
  }
}

async function reconnected(entry: Entry): Promise<void> {
  const until = Date.now() + WAIT_MS;
  while (entry.down && Date.now() < until) await sleep(50);
  if (!entry.down) return;
  throw new NoetlError('TOOL_FAILED', 'NATS does not answer: the connection is lost', {
    kind: 'connection',
    retryable: true,
  });
}

async function closeEntry({ opening, down }: Entry): Promise<void> {
  const connection = await opening.catch(() => undefined);
  if (!connection || connection.isClosed()) return;
  // Draining waits for the server; without one there is nothing to send to.
  await (down ? connection.close() : connection.drain().catch(() => connection.close()));
}

/** The work's value, or the signal's reason as soon as it ends; requests to NATS end by themselves within 5 s. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

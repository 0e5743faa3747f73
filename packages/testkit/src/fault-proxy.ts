/**
 * A TCP proxy that spoils one link on purpose, in the words of Toxiproxy: latency, bandwidth, half-open connections in
 * one direction or both, resets, and a server that cannot be reached. What is held back is delivered once the link is
 * healed, as TCP sends again what got lost on the way; a connection that either side has given up by then is gone.
 */
import { EventEmitter, once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** `up`: from the process to the service. */
export type Direction = 'up' | 'down';

export interface Toxics {
  /** Delay of everything, in each direction. */
  latency_ms?: number;
  /** In each direction of each connection. */
  bytes_per_second?: number;
  /** Directions in which nothing passes, though connections stay open. */
  silent?: readonly Direction[];
  /** Connections from now on are reset at once. */
  down?: boolean;
  /** What a process sends is held back from the first chunk on for which this is true, on that connection only. */
  hold?: (sent: Buffer) => boolean;
}

export class FaultProxy {
  /** The service's URL, with the address of this proxy. */
  readonly url: string;
  readonly #server: Server;
  readonly #upstream: { host: string; port: number };
  readonly #links = new Set<Link>();
  #toxics: Toxics = {};

  private constructor(server: Server, upstream: URL) {
    this.#server = server;
    this.#upstream = { host: upstream.hostname, port: Number(upstream.port) };
    const through = new URL(upstream);
    through.port = String((server.address() as AddressInfo).port);
    this.url = through.href.replace(/\/$/, '');
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** `url` of a service on this machine. */
  static async open(url: string): Promise<FaultProxy> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FaultProxy(server, new URL(url));
  }

  get toxics(): Toxics {
    return this.#toxics;
  }

  /** Replaces what was set before. Connections that are there feel it, too. */
  set(toxics: Toxics): void {
    this.#toxics = toxics;
    for (const link of this.#links) link.wake();
  }

  heal(): void {
    this.set({});
  }

  /** Resets every connection; new ones are accepted again at once. */
  reset(): void {
    for (const link of this.#links) link.end();
  }

  /** Connections whose process is waiting for what `hold` keeps back. */
  get held(): number {
    return [...this.#links].filter(({ isHeld }) => isHeld).length;
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(process: Socket): void {
    if (this.#toxics.down === true) {
      process.resetAndDestroy();
      return;
    }
    const service = connect({ ...this.#upstream, noDelay: true });
    const link = new Link(process, service, () => this.#toxics);
    this.#links.add(link);
    void link.ended.then(() => this.#links.delete(link));
  }
}

/** One connection: both directions, until either side ends it. */
class Link {
  readonly ended: Promise<unknown>;
  isHeld = false;
  readonly #sockets: Socket[];
  readonly #toxics: () => Toxics;
  readonly #changes = new EventEmitter();

  constructor(process: Socket, service: Socket, toxics: () => Toxics) {
    this.#sockets = [process, service];
    this.#toxics = toxics;
    // Whoever reads from it learns of the error.
    for (const socket of this.#sockets) socket.on('error', () => undefined);
    const pumps = [this.#pump(process, service, 'up'), this.#pump(service, process, 'down')];
    this.ended = Promise.race(pumps).then(() => this.end());
  }

  /** Looks again at what is set. */
  wake(): void {
    this.#changes.emit('change');
  }

  end(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.wake();
  }

  async #pump(from: Socket, to: Socket, direction: Direction): Promise<void> {
    // Reading ahead while something is delayed: a delay is no limit of the rate.
    const sending: Promise<void>[] = [];
    let last = Promise.resolve();
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        const { latency_ms = 0, hold } = this.#toxics();
        const due = latency_ms > 0 ? pause(latency_ms) : undefined;
        if (direction === 'up' && hold?.(chunk) === true) this.isHeld = true;
        last = last.then(() => due).then(() => this.#send(chunk, to, direction));
        sending.push(last);
        if (sending.length >= READ_AHEAD) await sending.shift();
      }
    } catch {
      // It broke; that it did so must get through as everything else.
    }
    await last;
    await this.#passable(to, direction);
  }

  async #send(chunk: Buffer, to: Socket, direction: Direction): Promise<void> {
    await this.#passable(to, direction);
    if (direction === 'up') this.isHeld = false;
    const { bytes_per_second } = this.#toxics();
    if (bytes_per_second !== undefined) await pause((chunk.length / bytes_per_second) * 1_000);
    if (!to.destroyed && !to.write(chunk)) await drained(to);
  }

  async #passable(to: Socket, direction: Direction): Promise<void> {
    while (!to.destroyed && this.#isSilent(direction)) await once(this.#changes, 'change');
  }

  #isSilent(direction: Direction): boolean {
    const { silent = [], hold } = this.#toxics();
    return silent.includes(direction) || (direction === 'up' && this.isHeld && hold !== undefined);
  }
}

const READ_AHEAD = 64;

async function drained(socket: Socket): Promise<void> {
  await new Promise((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', resolve);
  });
}

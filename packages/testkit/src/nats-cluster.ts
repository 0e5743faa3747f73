/** A cluster of three nats-servers on loopback, for tests of replicated streams: kill one, move the leaders. */
import { COMMANDS_STREAM, STATE_BUCKET, type Bus } from '@noetl/bus';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, freePort, natsProgram, TOOLS } from '@noetl/cli/local';
import { endWithRun, oncePerRun, runFolder, uniqueName } from './run-folder.ts';
import { waitFor } from './wait.ts';

const SERVERS = 3;
const NAME = 'noetl-test';

/** What the product keeps in NATS. */
export const STREAMS = [COMMANDS_STREAM, `KV_${STATE_BUCKET}`];

/** Each stream, and each consumer of it, gets another leader. */
export async function stepDown(bus: Bus): Promise<void> {
  for (const stream of STREAMS) {
    for (const { name } of await bus.manager.consumers.list(stream).next())
      await bus.connection.request(`$JS.API.CONSUMER.LEADER.STEPDOWN.${stream}.${name}`);
    await bus.connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`);
  }
}

interface Node {
  dir: string;
  port: number;
  routePort: number;
  monitorPort: number;
  child?: Child;
  forget?: () => void;
}

export class NatsCluster {
  /** All servers, separated by commas. */
  readonly url: string;
  readonly version: Awaited<ReturnType<typeof natsProgram>>['version'];
  readonly #program: string;
  readonly #nodes: Node[];

  private constructor(program: Awaited<ReturnType<typeof natsProgram>>, nodes: Node[]) {
    this.#program = program.path;
    this.version = program.version;
    this.#nodes = nodes;
    this.url = nodes.map(({ port }) => `nats://127.0.0.1:${String(port)}`).join(',');
  }

  static async start(): Promise<NatsCluster> {
    const program = await oncePerRun('nats-server', () => natsProgram(TOOLS));
    const base = join(runFolder(), uniqueName('cluster'));
    const nodes: Node[] = [];
    for (let at = 0; at < SERVERS; at += 1) {
      const ports = { port: await freePort(), routePort: await freePort(), monitorPort: await freePort() };
      nodes.push({ dir: join(base, String(at)), ...ports });
    }
    const cluster = new NatsCluster(program, nodes);
    await Promise.all(nodes.map((_, at) => cluster.launch(at)));
    await cluster.healthy();
    return cluster;
  }

  /** Starts a server on what it has stored. */
  async launch(at: number): Promise<void> {
    const node = this.#node(at);
    await mkdir(node.dir, { recursive: true, mode: 0o700 });
    const file = join(node.dir, 'nats.conf');
    await writeFile(file, this.#configuration(at));
    node.child = await Child.start({
      command: this.#program,
      args: ['-c', file],
      logFile: join(node.dir, 'nats.log'),
    });
    node.forget = endWithRun(node.child.pid);
  }

  /** `kill -9`. */
  async kill(at: number): Promise<void> {
    const node = this.#node(at);
    await node.child?.stop('SIGKILL', 'SIGKILL', 1_000);
    node.forget?.();
  }

  /** Resolves when all servers that run have caught up with each other. */
  async healthy(): Promise<void> {
    for (const { child, monitorPort } of this.#nodes) {
      if (child?.running !== true) continue;
      const look = async (): Promise<boolean> =>
        (await fetch(`http://127.0.0.1:${String(monitorPort)}/healthz`)).ok;
      await waitFor(look, { what: `the nats-server on ${String(monitorPort)}`, timeoutMs: 60_000 });
    }
  }

  async stop(): Promise<void> {
    for (const at of this.#nodes.keys()) await this.kill(at);
    for (const { dir } of this.#nodes) await rm(dir, { recursive: true, force: true });
  }

  #node(at: number): Node {
    const node = this.#nodes[at];
    if (!node) throw new Error(`the cluster has ${String(SERVERS)} servers, not one of number ${String(at)}`);
    return node;
  }

  #configuration(at: number): string {
    const { dir, port, routePort, monitorPort } = this.#node(at);
    const routes = this.#nodes.map((node) => `"nats://127.0.0.1:${String(node.routePort)}"`).join(', ');
    return `server_name: "n${String(at)}"
host: "127.0.0.1"
port: ${String(port)}
http: "127.0.0.1:${String(monitorPort)}"
jetstream { store_dir: ${JSON.stringify(join(dir, 'jetstream'))}, max_file_store: 4GB, max_memory_store: 64MB }
cluster { name: "${NAME}", host: "127.0.0.1", port: ${String(routePort)}, routes: [${routes}] }
`;
  }
}

/**
 * Hosts of their own on this machine, as network namespaces: each has a cable to a switch, and on the other end of the
 * switch is one more host, where services answer. Nothing else can be reached. A cable can be pulled: packets are lost,
 * and nobody is told. Needs root and Linux.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { randomBytes } from 'node:crypto';
import { endWithRun, runFolder } from './run-folder.ts';

/** Of the switch; hosts have the addresses above. */
const ADDRESS = '10.213.77.1';
const PREFIX = '10.213.77.';

/**
 * Runs on the switch: each port there leads to the file of a socket, which this process leads on to the service. The
 * file is what both sides of a namespace see.
 */
const FORWARD = `const net = require('net');
for (const place of process.argv.slice(1)) {
  const [port, path] = place.split('=');
  net.createServer((near) => {
    const far = net.connect(path);
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  }).listen(Number(port), '${ADDRESS}', () => console.log('ready'));
}`;

const ip = async (...args: string[]): Promise<void> => {
  await promisify(execFile)('ip', args);
};

/** Whether this machine lets us make namespaces. */
export function canMakeHosts(): boolean {
  const name = `noetl-try-${randomBytes(3).toString('hex')}`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export class Hosts {
  readonly #id: string;
  readonly #count: number;
  readonly #servers: Server[] = [];
  #forwarder: ReturnType<typeof spawn> | undefined;

  private constructor(id: string, count: number) {
    this.#id = id;
    this.#count = count;
  }

  /** `urls` of services on this machine: hosts reach them at {@link urlFor}. */
  static async start(count: number, urls: readonly string[]): Promise<Hosts> {
    const hosts = new Hosts(randomBytes(3).toString('hex'), count);
    await hosts.#wire();
    await hosts.#forward(urls.map((url) => Number(new URL(url).port)));
    return hosts;
  }

  /** The same service, as hosts reach it. */
  urlFor(url: string): string {
    const there = new URL(url);
    there.hostname = ADDRESS;
    return there.href.replace(/\/$/, '');
  }

  /** Command that runs a program on a host, 0 to `count - 1`. */
  on(host: number): [command: string, ...args: string[]] {
    return ['ip', 'netns', 'exec', this.#name(host)];
  }

  async pull(host: number): Promise<void> {
    await ip('-n', this.#name('switch'), 'link', 'set', `c${String(host)}`, 'down');
  }

  async plug(host: number): Promise<void> {
    await ip('-n', this.#name('switch'), 'link', 'set', `c${String(host)}`, 'up');
  }

  /** What still runs on the hosts loses its network. */
  async stop(): Promise<void> {
    this.#forwarder?.kill('SIGKILL');
    for (const server of this.#servers) server.close();
    for (let host = 0; host < this.#count; host++) await ip('netns', 'del', this.#name(host));
    await ip('netns', 'del', this.#name('switch'));
  }

  #name(of: number | 'switch'): string {
    return `noetl-${this.#id}-${String(of)}`;
  }

  async #wire(): Promise<void> {
    const hub = this.#name('switch');
    await ip('netns', 'add', hub);
    await ip('-n', hub, 'link', 'set', 'lo', 'up');
    await ip('-n', hub, 'link', 'add', 'bridge', 'type', 'bridge');
    await ip('-n', hub, 'addr', 'add', `${ADDRESS}/24`, 'dev', 'bridge');
    await ip('-n', hub, 'link', 'set', 'bridge', 'up');
    for (let host = 0; host < this.#count; host++) {
      const name = this.#name(host);
      const cable = `c${String(host)}`;
      await ip('netns', 'add', name);
      await ip('-n', hub, 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
      await ip('-n', hub, 'link', 'set', cable, 'master', 'bridge', 'up');
      await ip('-n', name, 'addr', 'add', `${PREFIX}${String(host + 2)}/24`, 'dev', 'eth0');
      for (const device of ['lo', 'eth0']) await ip('-n', name, 'link', 'set', device, 'up');
    }
  }

  async #forward(ports: readonly number[]): Promise<void> {
    const places: string[] = [];
    for (const port of ports) {
      const path = join(runFolder(), `${this.#id}-${String(port)}.sock`);
      await rm(path, { force: true });
      const server = createServer((near) => {
        const far = connect({ host: '127.0.0.1', port });
        near.on('error', () => far.destroy()).on('close', () => far.destroy());
        far.on('error', () => near.destroy()).on('close', () => near.destroy());
        near.pipe(far).pipe(near);
      });
      await new Promise<void>((resolve) => server.listen(path, resolve));
      this.#servers.push(server);
      places.push(`${String(port)}=${path}`);
    }
    const forward = [process.execPath, '-e', FORWARD, ...places];
    this.#forwarder = spawn('ip', ['netns', 'exec', this.#name('switch'), ...forward], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (this.#forwarder.pid !== undefined) endWithRun(this.#forwarder.pid);
    let said = '';
    for (const lines = this.#forwarder.stdout; lines && said.split('ready').length <= ports.length;)
      said += String(((await once(lines, 'data')) as [Buffer])[0]);
  }
}

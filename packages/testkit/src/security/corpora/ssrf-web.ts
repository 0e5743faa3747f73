/**
 * Servers of the attacks by request: a canary on loopback, one on the platform's own port, and two on 127.0.0.2 and
 * 127.0.0.3, which stand for public ones.
 */
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface Web {
  canaryPort: number;
  ownPort: number;
  /** Base URLs of the servers that may be reached. */
  decoy: string;
  other: string;
  /** What they were asked. */
  seen: { host: string; path: string; headers: IncomingHttpHeaders }[];
  /** How many requests have come to the canary and to the platform's own port. */
  visits(): number;
  close(): Promise<void>;
}

const BOMB_BYTES = 100 * 1024 * 1024;

export async function startWeb(): Promise<Web> {
  let visits = 0;
  const seen: Web['seen'] = [];
  const bomb = gzipSync(Buffer.alloc(BOMB_BYTES));
  const canary: RequestListener = (_, response) => {
    visits += 1;
    response.end('canary');
  };
  const decoy =
    (host: string): RequestListener =>
    ({ url = '/', headers }, response) => {
      seen.push({ host, path: url, headers });
      const to = /^\/to\?(.*)$/.exec(url)?.[1];
      if (to !== undefined) response.writeHead(307, { location: decodeURIComponent(to) }).end();
      else if (url === '/again') response.writeHead(302, { location: '/again' }).end();
      else if (url === '/bomb')
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' }).end(bomb);
      else response.end('public');
    };
  const loopback = await listening(canary, '127.0.0.1', 0);
  const port = portOf(loopback);
  // On the same port, so that a name that is resolved a second time leads to the canary.
  const twin = await listening(decoy('127.0.0.2'), '127.0.0.2', port);
  const v6 = await listening(canary, '::1', port).catch(() => undefined);
  const main = await listening(decoy('127.0.0.2'), '127.0.0.2', 0);
  const other = await listening(decoy('127.0.0.3'), '127.0.0.3', 0);
  const own = await listening(canary, '127.0.0.2', 0);
  const servers = [loopback, twin, main, other, own, ...(v6 ? [v6] : [])];
  return {
    canaryPort: port,
    ownPort: portOf(own),
    decoy: `http://127.0.0.2:${String(portOf(main))}`,
    other: `http://127.0.0.3:${String(portOf(other))}/`,
    seen,
    visits: () => visits,
    close: async () => {
      await Promise.all(servers.map(closed));
    },
  };
}

function listening(listener: RequestListener, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(listener);
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

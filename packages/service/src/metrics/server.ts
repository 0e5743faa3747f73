/** `/metrics` and `/health` of a process that has no other HTTP. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config.ts';
import type { Service } from '../lifecycle.ts';
import type { Log } from '../log.ts';
import type { Metrics } from './registry.ts';

/**
 * Says in the log where it listens. Of several processes on one machine that are not told otherwise, the first has the
 * usual port and the others some free one; a port that was asked for and is taken ends the start.
 */
export function metricsServer(
  metrics: Metrics,
  { host, metricsPort }: Pick<Config, 'host' | 'metricsPort'>,
  log: Log,
): Service {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/metrics') void sendMetrics(metrics, response, log);
    else if (pathname === '/health') response.end('{"status":"ok"}');
    else response.writeHead(404).end();
  });
  return {
    name: 'metrics',
    start: async () => {
      if (metricsPort === 'off') return;
      const { port, optional } = metricsPort;
      const taken = await listen(server, host, port);
      if (taken && !optional) throw taken;
      if (taken) {
        const failed = await listen(server, host, 0);
        if (failed) throw failed;
      }
      const address = server.address() as AddressInfo;
      log.info('metrics are served', { url: `http://${host}:${String(address.port)}/metrics` });
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers a scrape. */
export async function sendMetrics(metrics: Metrics, response: ServerResponse, log: Log): Promise<void> {
  try {
    const text = await metrics.text();
    response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
  } catch (error) {
    log.error('metrics cannot be told', { error });
    response.writeHead(500).end();
  }
}

/** What came in the way, when the port is taken. */
function listen(server: Server, host: string, port: number): Promise<Error | undefined> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE') resolve(error);
      else reject(error);
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve(undefined);
    });
  });
}

/** An HTTP server that counts how many requests it has at once, by the first part of their path. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

interface Probe {
  active: number;
  max: number;
  /** Monotonic milliseconds at which requests came. */
  times: number[];
}

export interface ProbeServer {
  url: string;
  probe(name: string): Probe;
  stop(): Promise<void>;
}

export type Answer = (request: { url: URL; probe: Probe }, response: ServerResponse) => Promise<void> | void;

/** `GET /<name>?ms=50` answers after so long; `answers` by name do something else. */
export async function startProbeServer(answers: Record<string, Answer> = {}): Promise<ProbeServer> {
  const probes = new Map<string, Probe>();
  const probeOf = (name: string): Probe => {
    let probe = probes.get(name);
    if (!probe) probes.set(name, (probe = { active: 0, max: 0, times: [] }));
    return probe;
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://probe');
    const name = url.pathname.split('/')[1] ?? '';
    const probe = probeOf(name);
    probe.active += 1;
    probe.max = Math.max(probe.max, probe.active);
    probe.times.push(performance.now());
    // Over when it is answered, or when whoever asked is gone.
    response.once('close', () => (probe.active -= 1));
    response.setHeader('content-type', 'application/json');
    const answer = answers[name];
    if (answer) await answer({ url, probe }, response);
    else await delay(Number(url.searchParams.get('ms') ?? 0));
    if (!response.writableEnded) response.end('{"ok": true}');
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    probe: probeOf,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

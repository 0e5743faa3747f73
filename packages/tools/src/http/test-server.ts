/** For tests: a real HTTP server that remembers what it was asked, and answers as the test says. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Asked {
  method: string;
  /** Path without the query. */
  path: string;
  query: [string, string][];
  headers: IncomingMessage['headers'];
  body: string;
}

export type Answer = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void;

export interface TestServer {
  url: string;
  asked: Asked[];
  close(): Promise<void>;
}

/** `tls`: what an https server needs; without it the server is a plain one. */
export async function startServer(answer: Answer, tls?: ServerOptions): Promise<TestServer> {
  const asked: Asked[] = [];
  const listener: RequestListener = (request, response) => {
    void text(request)
      .then((body) => {
        const { pathname, searchParams } = new URL(request.url ?? '/', 'http://any');
        const { method = '', headers } = request;
        const seen = { method, path: pathname, query: [...searchParams], headers, body };
        asked.push(seen);
        answer(seen, response, request);
      })
      .catch(() => undefined);
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${String(port)}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

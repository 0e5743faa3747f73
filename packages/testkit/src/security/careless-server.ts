/**
 * A server that repeats whatever it is sent, in every encoding: headers, query, body, in answers that succeed and that
 * fail. It also gives tokens, takes webhooks, and collects spans.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface CarelessServer {
  url: string;
  /** What it gives for client credentials. */
  readonly accessToken: string;
  /** Requests so far: address, headers and body of each, as one text. */
  readonly asked: string[];
  /** Spans as they came, as text. */
  readonly spans: string[];
  close(): Promise<void>;
}

/** `accessToken`: what `/token` gives. */
export async function startCarelessServer(accessToken: string): Promise<CarelessServer> {
  const asked: string[] = [];
  const spans: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => answer(request, response, body));
  });
  const answer = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    const { url = '/', headers } = request;
    response.setHeader('content-type', 'application/json');
    if (url === '/v1/traces') {
      spans.push(body);
      response.end('{}');
      return;
    }
    asked.push(JSON.stringify([url, headers, body]));
    if (url === '/token') response.end(JSON.stringify({ access_token: accessToken, expires_in: 3600 }));
    else if (url.startsWith('/fail')) response.writeHead(500).end(JSON.stringify(echoed(url, headers, body)));
    else if (url.startsWith('/redirect'))
      response.writeHead(302, { location: url.replace('/redirect', '/echo') }).end();
    else response.end(JSON.stringify(echoed(url, headers, body)));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    accessToken,
    asked,
    spans,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function echoed(url: string, headers: IncomingMessage['headers'], body: string): object {
  const all = JSON.stringify({ url, headers, body });
  const bytes = Buffer.from(all);
  return {
    asked: { url, headers, body },
    nested: JSON.stringify({ again: all }),
    base64: bytes.toString('base64'),
    base64url: Buffer.from(`.${all}`).toString('base64url'),
    hex: bytes.toString('hex'),
    HEX: bytes.toString('hex').toUpperCase(),
    url: encodeURIComponent(all),
    form: new URLSearchParams({ all }).toString(),
  };
}

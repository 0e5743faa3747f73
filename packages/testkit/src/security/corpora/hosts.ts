/** Attacks of web pages on a server of one's own machine that asks nobody to sign in: DNS rebinding, cross-site posts. */
import { request } from 'node:http';
import { startPlatform } from '../../platform.ts';
import type { Attack, Corpus } from '../corpus.ts';

const PORT = '8082';

/** Names that lead to this machine, or seem to. */
const HOSTS = [
  'evil.example',
  `evil.example:${PORT}`,
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '127.0.0.1.nip.io',
  'localhost.',
  '127.0.0.2',
  '0.0.0.0',
  '10.0.0.5',
  '2130706433',
  '[::ffff:127.0.0.1]',
  'user@localhost',
  'localhost, evil.example',
];

const ORIGINS = [
  'https://evil.example',
  'http://localhost.evil.example',
  'http://127.0.0.1.evil.example',
  'https://localhost@evil.example',
  'null',
  'file://',
  'chrome-extension://abcdefghijklmnop',
  'not an origin',
];

/** What a page can send without being asked first, and what it would do. */
const POSTS: [path: string, type: string, body: string][] = [
  ['/api/catalog/register', 'text/plain', 'apiVersion: noetl.io/v2'],
  ['/api/execute', 'text/plain', '{"path": "load_test/heavy_loop_aggregation"}'],
  ['/api/execute', 'application/x-www-form-urlencoded', 'path=x'],
  ['/api/tokens', 'text/plain', '{"name": "mine", "grants": [{"role": "admin"}]}'],
  ['/api/credentials', 'text/plain', '{"name": "x", "type": "bearer", "data": {"token": "x"}}'],
];

const READS = ['/api/executions', '/api/tokens', '/openapi.json', '/metrics', '/'];

export const corpus: Corpus = {
  name: 'hosts',
  open: async () => {
    const platform = await startPlatform({ workers: 0, auth: 'off' });
    const { port } = new URL(platform.url);
    const own = { host: `127.0.0.1:${port}` };
    const attack = (name: string, sent: Sent): Attack => ({
      name,
      attempt: async () => {
        const status = await answered(port, sent);
        return { blocked: status === 403 || status === 400, how: `answered ${String(status)}` };
      },
    });
    const attacks = [
      ...HOSTS.flatMap((host) =>
        READS.map((path) => attack(`GET ${path} as "${host}"`, { path, headers: { host } })),
      ),
      ...ORIGINS.flatMap((origin) => [
        attack(`GET /api/executions from ${origin}`, {
          path: '/api/executions',
          headers: { ...own, origin },
        }),
        ...POSTS.map(([path, type, body]) =>
          attack(`POST ${path} as ${type} from ${origin}`, {
            method: 'POST',
            path,
            body,
            headers: { ...own, origin, 'content-type': type },
          }),
        ),
        attack(`a preflight from ${origin}`, {
          method: 'OPTIONS',
          path: '/api/execute',
          headers: { ...own, origin, 'access-control-request-method': 'POST' },
        }),
      ]),
      ...HOSTS.map((host) =>
        attack(`a rebound page posts as "${host}"`, {
          method: 'POST',
          path: '/api/execute',
          body: '{"path": "x"}',
          headers: { host, origin: `http://${host}`, 'content-type': 'text/plain' },
        }),
      ),
    ];
    return { attacks, close: () => platform.stop() };
  },
};

interface Sent {
  method?: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** `fetch` would not send these headers. */
function answered(port: string, { method = 'GET', path, headers, body }: Sent): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ hostname: '127.0.0.1', port, method, path, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

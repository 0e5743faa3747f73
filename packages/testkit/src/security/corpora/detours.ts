/** Requests without a token that hope to be taken for something open: by their spelling, their method, their headers. */
import { request } from 'node:http';
import { ADMIN_TOKEN } from '../../auth.ts';
import type { Attack } from '../corpus.ts';

interface Detour {
  method?: string;
  path: string;
  headers?: Record<string, string>;
}

const DETOURS: Record<string, Detour> = {
  'upper case': { path: '/API/EXECUTIONS' },
  'a slash at the end': { path: '/api/executions/' },
  'two slashes': { path: '/api//executions' },
  'an encoded letter': { path: '/%61pi/executions' },
  'an encoded slash': { path: '/api%2Fexecutions' },
  'up and down again': { path: '/health/../api/executions' },
  'up from files': { path: '/assets/../api/executions' },
  'up from files, encoded': { path: '/assets/%2e%2e/api/executions' },
  'an open suffix': { path: '/api/executions/health' },
  'an open query': { path: '/api/executions?path=/api/health' },
  'a parameter of the path': { path: '/api/executions;/health' },
  'a file name': { path: '/api/tokens/x.js' },
  'a broken escape': { path: '/api/executions/%ZZ' },
  'an absolute address': { path: 'http://localhost/api/executions' },
  HEAD: { method: 'HEAD', path: '/api/executions' },
  OPTIONS: { method: 'OPTIONS', path: '/api/executions' },
  'the method in a header': {
    method: 'GET',
    path: '/api/tokens',
    headers: { 'x-http-method-override': 'POST' },
  },
  'the address in a header': {
    path: '/api/executions',
    headers: { 'x-original-url': '/health', 'x-rewrite-url': '/health' },
  },
  'a proxy that says it is local': {
    path: '/api/executions',
    headers: { 'x-forwarded-for': '127.0.0.1', host: 'localhost' },
  },
  'the token in the address': { path: `/api/executions?access_token=${ADMIN_TOKEN}&token=${ADMIN_TOKEN}` },
  'the token in a cookie': { path: '/api/executions', headers: { cookie: `token=${ADMIN_TOKEN}` } },
  'the token as a password': {
    path: '/api/executions',
    headers: { authorization: `Basic ${Buffer.from(`admin:${ADMIN_TOKEN}`).toString('base64')}` },
  },
  'an empty token': { path: '/api/executions', headers: { authorization: 'Bearer ' } },
  'half a token': {
    path: '/api/executions',
    headers: { authorization: `Bearer ${ADMIN_TOKEN.slice(0, -1)}` },
  },
  'a stream': { path: '/api/executions', headers: { accept: 'text/event-stream' } },
};

export function detours(url: string): Attack[] {
  return Object.entries(DETOURS).map(([name, detour]) => ({
    name: `GET /api/executions by ${name}`,
    attempt: async () => {
      const { status, text } = await sent(url, detour);
      const isRefused = [400, 401, 403, 404].includes(status);
      return { blocked: isRefused, how: `${String(status)} ${text.slice(0, 200)}` };
    },
  }));
}

/** Exactly as written: `fetch` would tidy the address. */
function sent(
  url: string,
  { method = 'GET', path, headers = {} }: Detour,
): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, method, path, headers, timeout: 10_000 }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        // A stream would go on; it is open, and that is enough to know.
        if (response.headers['content-type']?.startsWith('text/event-stream')) asked.destroy();
      });
      response.on('close', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

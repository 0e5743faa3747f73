/**
 * Attacks by input: bodies, heads and playbooks that are too large, too deep, too many or not what they say they are,
 * and playbooks that never end. A real platform takes them; it must refuse each, keep nothing of it, and live.
 */
import { connect } from 'node:net';
import { jsonText, type JsonObject } from '@noetl/protocol';
import { fetchAsAdmin } from '../../auth.ts';
import { startPlatform, type TestPlatform } from '../../platform.ts';
import { waitFor } from '../../wait.ts';
import type { Attack, Corpus, Outcome } from '../corpus.ts';
import { BODIES, HEADS, PLAYBOOKS, WORKFLOWS, type Body } from './input-tables.ts';

/** Above what a limit lets through, below what would hurt. */
const ANSWER_TIMEOUT_MS = 10_000;
const END_TIMEOUT_MS = 15_000;

export const corpus: Corpus = {
  name: 'inputs',
  open: async () => {
    const platform = await startPlatform({ workers: 1 });
    return { attacks: attacksOn(platform), close: () => platform.stop() };
  },
};

function attacksOn(platform: TestPlatform): Attack[] {
  const bodies = [...BODIES, ...PLAYBOOKS].map((body): Attack => ({
    name: `${body.path}: ${body.name}`,
    attempt: () => refused(platform, body),
  }));
  const heads = Object.entries(HEADS).map(([name, text]): Attack => ({
    name: `head: ${name}`,
    attempt: () => notServed(platform, text),
  }));
  const workflows = Object.entries(WORKFLOWS).map(([name, workflow]): Attack => ({
    name: `workflow: ${name}`,
    attempt: () => ends(platform, name, workflow),
  }));
  return [...bodies, ...heads, ...workflows];
}

/** Answered with the status of the limit; nothing was stored, and the api still answers. */
async function refused(platform: TestPlatform, { path, type, text, status }: Body): Promise<Outcome> {
  const before = await stored(platform);
  let how: string;
  try {
    const response = await fetchAsAdmin(platform.url + path, {
      method: 'POST',
      headers: { 'content-type': type },
      body: text(),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    const { code = '', detail = '' } = (await response.json()) as { code?: string; detail?: string };
    how = `${String(response.status)} ${code}: ${detail}`.slice(0, 120);
    if (response.status !== status) return { blocked: false, how };
  } catch (error) {
    // The connection may be closed while the body is still being sent.
    how = String((error as Error).cause ?? error);
    if (status !== 413) return { blocked: false, how };
  }
  return unharmed(platform, before, how);
}

/** A request that is written by hand gets an error, or nothing at all. */
async function notServed(platform: TestPlatform, text: string): Promise<Outcome> {
  const before = await stored(platform);
  const { hostname, port } = new URL(platform.url);
  const answer = await new Promise<string>((resolve) => {
    let heard = '';
    const socket = connect(Number(port), hostname, () =>
      socket.write(text.replaceAll('HOST', `${hostname}:${port}`)),
    );
    socket.setEncoding('latin1').on('data', (piece: string) => {
      heard += piece;
    });
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy());
    socket.on('error', () => undefined).on('close', () => resolve(heard));
  });
  const answers = answer.match(/HTTP\/1\.1 (\d{3})/g) ?? [];
  if (answers.some((line) => line.startsWith('HTTP/1.1 2')))
    return { blocked: false, how: answers.join(', ') };
  return unharmed(platform, before, answers.join(', ') || 'the connection was closed');
}

/** The execution ends by itself as failed, soon, and the platform lives. */
async function ends(platform: TestPlatform, name: string, workflow: string): Promise<Outcome> {
  const path = `attack/${name.replaceAll(/\W+/g, '-')}`;
  const text = `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: attack, path: ${path}}\n${workflow}`;
  const registered = await post(platform, '/api/catalog/register', text, 'application/yaml');
  if (registered.status >= 400) return { blocked: true, how: jsonText(registered.body['code']) };
  const { body } = await post(platform, '/api/execute', JSON.stringify({ path }), 'application/json');
  const url = `${platform.url}/api/executions/${jsonText(body['execution_id'])}`;
  let execution: JsonObject = {};
  await waitFor(
    async () => {
      execution = (await (await fetchAsAdmin(url)).json()) as JsonObject;
      return execution['status'] === 'FAILED' || execution['status'] === 'COMPLETED';
    },
    { timeoutMs: END_TIMEOUT_MS, what: `the end of ${name}` },
  ).catch(() => undefined);
  const how = `${jsonText(execution['status'])}: ${jsonText(execution['error'])}`.slice(0, 160);
  if (execution['status'] !== 'FAILED') return { blocked: false, how };
  return unharmed(platform, await stored(platform), how);
}

async function unharmed(platform: TestPlatform, before: string, how: string): Promise<Outcome> {
  const blocked = (await stored(platform)) === before;
  return { blocked, how: blocked ? how : `something was stored; ${how}` };
}

/** How much there is; that it answers at all shows that the api lives. */
async function stored({ url }: TestPlatform): Promise<string> {
  const counts = await Promise.all(
    ['/api/executions?limit=1', '/api/catalog'].map(async (path) => {
      const body = (await (await fetchAsAdmin(url + path)).json()) as JsonObject;
      return JSON.stringify(body['total'] ?? body);
    }),
  );
  return counts.join();
}

async function post(
  { url }: TestPlatform,
  path: string,
  body: string,
  type: string,
): Promise<{ status: number; body: JsonObject }> {
  const response = await fetchAsAdmin(url + path, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  return { status: response.status, body: (await response.json()) as JsonObject };
}

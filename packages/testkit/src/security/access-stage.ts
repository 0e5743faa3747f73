/** A platform that asks for tokens, callers of every kind, and a team whose things are nobody else's business. */
import pg from 'pg';
import { ADMIN_TOKEN } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { startProvider, type Provider } from './provider.ts';

/** Stands in every value of the other team. */
export const MARK = 'only-for-team-b';

export const ROLES = ['viewer', 'operator', 'author'] as const;

export interface Call {
  token?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Reply {
  status: number;
  text: string;
}

/** What the other team has. */
interface Belongings {
  path: string;
  execution: string;
  catalog: string;
  schedule: string;
  credential: string;
  /** Reference to a kept value. */
  ref: string;
}

export interface AccessStage {
  platform: TestPlatform;
  provider: Provider;
  call(method: string, path: string, call?: Call): Promise<Reply>;
  /** Makes a token with these grants. */
  token(name: string, ...grants: { role: string; prefix?: string }[]): Promise<string>;
  /** Tokens that were good once. */
  past: { expired: string; revoked: string };
  theirs: Belongings;
  stop(): Promise<void>;
}

const PLAYBOOK = `apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: job, path: team-b/job }
workload: { note: ${MARK} }
workflow:
  - step: start
    tool: { kind: noop, result: { note: ${MARK} } }
    next: { arcs: [{ step: items }] }
  - step: items
    loop: { in: ['${MARK}', two], iterator: item }
    tool: { kind: noop, result: { item: '{{ iter.item }}' } }
`;

export async function startAccessStage(): Promise<AccessStage> {
  const provider = await startProvider();
  const platform = await startPlatform({
    workers: 1,
    auth: 'on',
    env: { ...provider.env, NOETL_SQL_ENDPOINT: 'on' },
  });
  const call = async (method: string, path: string, given: Call = {}): Promise<Reply> => {
    const { token, body, headers = {} } = given;
    const response = await fetch(`${platform.url}${path}`, {
      method,
      headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, text: await response.text() };
  };
  const asAdmin = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const { status, text } = await call(method, path, { token: ADMIN_TOKEN, body });
    if (status >= 300) throw new Error(`${method} ${path} answered ${String(status)}: ${text}`);
    return JSON.parse(text) as T;
  };
  const token = async (name: string, ...grants: object[]): Promise<string> =>
    (await asAdmin<{ token: string }>('POST', '/api/tokens', { name, grants })).token;
  const stop = async (): Promise<void> => {
    await platform.stop();
    await provider.stop();
  };
  try {
    const past = {
      expired: await token('expired', { role: 'admin' }),
      revoked: await token('revoked', { role: 'admin' }),
    };
    await asAdmin('DELETE', `/api/tokens/${idOf(past.revoked)}`);
    await expire(platform.databaseUrl, idOf(past.expired));
    const theirs = await belongings(asAdmin);
    return { platform, provider, call, token, past, theirs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The public part of a token. */
export function idOf(token: string): string {
  return token.split('_')[1] ?? '';
}

/** Nobody can ask for a token that is over already. */
async function expire(databaseUrl: string, id: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const past = "UPDATE noetl.api_token SET expires_at = now() - interval '1 second' WHERE token_id = $1";
    await client.query(past, [id]);
  } finally {
    await client.end();
  }
}

async function belongings(
  asAdmin: <T>(method: string, path: string, body?: unknown) => Promise<T>,
): Promise<Belongings> {
  const path = 'team-b/job';
  const { catalog_id } = await asAdmin<{ catalog_id: string }>('POST', '/api/catalog/register', PLAYBOOK);
  const { execution_id } = await asAdmin<{ execution_id: string }>('POST', '/api/execute', {
    path,
    webhook: 'http://127.0.0.1:9/',
  });
  await waitFor(
    async () => {
      const { status } = await asAdmin<{ status: string }>('GET', `/api/executions/${execution_id}/status`);
      return status === 'COMPLETED';
    },
    { what: 'the end of their execution', timeoutMs: 60_000 },
  );
  const { ref } = await asAdmin<{ ref: string }>('PUT', `/api/result/${execution_id}`, { data: MARK });
  const { schedule_id } = await asAdmin<{ schedule_id: string }>('POST', '/api/schedules', {
    playbook_path: path,
    interval_seconds: 86_400,
    meta: MARK,
  });
  const credential = 'team-b/pin';
  await asAdmin('POST', '/api/credentials', {
    name: credential,
    type: 'bearer',
    data: { token: 'secret' },
    description: MARK,
  });
  return { path, execution: execution_id, catalog: catalog_id, schedule: schedule_id, credential, ref };
}

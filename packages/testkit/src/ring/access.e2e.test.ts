/** Callers with their rights: what each may, what the audit log says of it, and the command line in between. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { ADMIN_TOKEN } from '../auth.ts';
import { idOf, MARK, startAccessStage, type AccessStage } from '../security/access-stage.ts';
import { waitFor } from '../wait.ts';

const MAIN = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url));
const run = promisify(execFile);

let stage: AccessStage;
let home: string;
/** Admin of the other team alone. */
let teamB: string;
let viewer: string;

beforeAll(async () => {
  stage = await startAccessStage();
  home = await mkdtemp(join(tmpdir(), 'noetl-home-'));
  teamB = await stage.token('team-b', { role: 'admin', prefix: 'team-b/' });
  viewer = await stage.token('viewer', { role: 'viewer' });
}, 120_000);

afterAll(async () => {
  await stage.stop();
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** The program as a user who has nothing but a home. */
async function noetl(args: string, env: Record<string, string> = {}): Promise<Ended> {
  const options = {
    env: { PATH: process.env['PATH'], HOME: home, NOETL_SERVER_URL: stage.platform.url, ...env },
  };
  try {
    return { code: 0, ...(await run(process.execPath, [MAIN, ...args.split(' ')], options)) };
  } catch (error) {
    return error as Ended;
  }
}

interface Entry {
  who: string;
  action: string;
  object: string | null;
  outcome: string;
  before_hash: string | null;
  after_hash: string | null;
  token_id: string | null;
}

async function audit(query: string, count: number): Promise<Entry[]> {
  return waitFor(
    async () => {
      const { text } = await stage.call('GET', `/api/audit?${query}`, { token: ADMIN_TOKEN });
      const { entries } = JSON.parse(text) as { entries: Entry[] };
      return entries.length >= count && entries;
    },
    { what: `audit of ${query}` },
  );
}

describe('what is allowed is let through', () => {
  test.each([
    ['/api/executions/:id', MARK],
    ['/api/executions/:id/events', MARK],
    ['/api/executions/:id/loops/items/items', MARK],
    ['/api/result/:id/start', MARK],
    ['/api/vars/:id', MARK],
    ['/api/catalog/team-b/job', MARK],
    ['/api/executions', ':id'],
    ['/api/catalog', 'team-b/job'],
    ['/api/schedules', MARK],
    ['/api/credentials/team-b%2Fpin', MARK],
  ])('the team itself reads %s', async (path, found) => {
    const { execution } = stage.theirs;
    const { status, text } = await stage.call('GET', path.replace(':id', execution), { token: teamB });
    expect([status, text.includes(found.replace(':id', execution))]).toEqual([200, true]);
  });

  test('the team starts its playbook, and another team a copy of its own', async () => {
    const own = await stage.token('team-a', { role: 'author', prefix: 'team-a' });
    const yaml =
      'apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: team-a/job}\n' +
      'workflow: [{step: start, tool: {kind: noop}}]';
    expect((await stage.call('POST', '/api/catalog/register', { token: own, body: yaml })).status).toBe(201);
    const body = { path: 'team-a/job' };
    const started = await stage.call('POST', '/api/execute?wait=30', { token: own, body });
    expect([started.status, (JSON.parse(started.text) as { status: string }).status]).toEqual([
      201,
      'COMPLETED',
    ]);
    const listed = await stage.call('GET', '/api/executions', { token: own });
    const { executions } = JSON.parse(listed.text) as { executions: { path: string }[] };
    expect(executions.map(({ path }) => path)).toEqual(['team-a/job']);
    expect((await stage.call('POST', '/api/execute', { token: teamB, body })).status).toBe(404);
  });

  test('who may see but not touch is told so', async () => {
    const grants = [{ role: 'viewer' }, { role: 'operator', prefix: 'team-a' }];
    const token = await stage.token('mixed', ...grants);
    const path = `/api/executions/${stage.theirs.execution}`;
    expect((await stage.call('GET', path, { token })).status).toBe(200);
    const refused = await stage.call('POST', `${path}/rerun`, { token });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('operator')]);
  });

  test.each([
    [['viewer'], '/api/executions', 200],
    [['team-a', 'unknown'], '/api/executions', 200],
    [['admin'], '/api/audit', 200],
    [['viewer'], '/api/audit', 403],
  ])('groups %j of the identity provider: %s answers %s', async (groups, path, status) => {
    const token = await stage.provider.token(groups);
    expect((await stage.call('GET', path, { token })).status).toBe(status);
  });
});

describe('tokens', () => {
  test('of a token nothing but a hash is stored', async () => {
    const owner = new pg.Client({ connectionString: stage.platform.databaseUrl });
    await owner.connect();
    const { rows } = await owner.query<{ text: string }>(
      "SELECT string_agg(t::text, ' ') AS text FROM noetl.api_token AS t",
    );
    await owner.end();
    const stored = rows[0]?.text ?? '';
    const secret = viewer.split('_').slice(2).join('_');
    expect(stored).toContain(idOf(viewer));
    expect(stored).not.toContain(secret);
  });

  test('its use is seen, and it ends at once when it is revoked', async () => {
    const token = await stage.token('short', { role: 'viewer' });
    const used = async (): Promise<unknown> => {
      const { text } = await stage.call('GET', '/api/tokens', { token: ADMIN_TOKEN });
      const { tokens } = JSON.parse(text) as { tokens: { token_id: string; last_used_at: string | null }[] };
      return tokens.find(({ token_id }) => token_id === idOf(token))?.last_used_at;
    };
    expect(await used()).toBeNull();
    expect((await stage.call('GET', '/api/whoami', { token })).status).toBe(200);
    const first = await used();
    expect(first).toEqual(expect.any(String));
    await stage.call('GET', '/api/whoami', { token });
    expect(await used()).toBe(first);
    await stage.call('DELETE', `/api/tokens/${idOf(token)}`, { token: ADMIN_TOKEN });
    const refused = await stage.call('GET', '/api/whoami', { token });
    expect([refused.status, refused.text]).toEqual([401, expect.stringContaining('revoked')]);
  });
});

describe('the audit log', () => {
  test('tells of changes with what was before and after', async () => {
    const set = (rate: number) =>
      stage.call('PUT', '/api/limits/audited', { token: ADMIN_TOKEN, body: { rate } });
    for (const rate of [1, 2]) expect((await set(rate)).status).toBe(200);
    const [second, first] = await audit('action=limit.set&object=limit%20audited', 2);
    expect(first).toMatchObject({ who: 'admin', outcome: 'done', before_hash: null });
    expect(second?.before_hash).toBe(first?.after_hash);
    expect(second?.after_hash).not.toBe(first?.after_hash);
  });

  test('tells of what was refused, also of what was hidden', async () => {
    const token = await stage.token('curious', { role: 'operator', prefix: 'team-a' });
    const { execution } = stage.theirs;
    await stage.call('GET', `/api/executions/${execution}`, { token });
    await stage.call('POST', '/api/tokens', { token, body: {} });
    const entries = await audit('who=curious', 2);
    expect(entries.map(({ action, object, outcome }) => [action, object, outcome]).sort()).toEqual([
      ['execution.read', `execution ${execution}`, 'refused'],
      ['token.create', null, 'refused'],
    ]);
    expect(entries[0]?.token_id).toBe(idOf(token));
  });

  test('comes by pages', async () => {
    const page = async (after: string): Promise<{ entries: { audit_id: string }[]; next: string }> =>
      JSON.parse(
        (await stage.call('GET', `/api/audit?limit=2${after}`, { token: ADMIN_TOKEN })).text,
      ) as never;
    const first = await page('');
    const second = await page(`&after=${first.next}`);
    expect(BigInt(second.entries[0]?.audit_id ?? 0)).toBeLessThan(BigInt(first.next));
  });
});

describe('the command line', () => {
  test('without a token it says how to sign in', async () => {
    const { code, stderr } = await noetl('list');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/AUTH_REQUIRED[^]*noetl login --server http/)]);
  });

  test('signs in, with a file that nobody else can read, and out again', async () => {
    const login = await noetl(`login --token ${viewer} --json`);
    const { file, name } = JSON.parse(login.stdout) as { file: string; name: string };
    expect([login.code, name]).toEqual([0, 'viewer']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain(viewer);
    expect((await noetl('whoami')).stdout).toContain('viewer at http');
    const refused = await noetl('tokens list --json');
    expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([
      1,
      { error: { code: 'ACCESS_DENIED' } },
    ]);
    expect((await noetl('whoami', { NOETL_TOKEN: ADMIN_TOKEN })).stdout).toContain('admin at http');
    await noetl('logout');
    expect(await readFile(file, 'utf8')).not.toContain(viewer);
  });

  test('the first token is made in the database; others with it', async () => {
    const first = await noetl('tokens create first --admin --days 1', {
      DATABASE_URL: stage.platform.databaseUrl,
    });
    const env = { NOETL_TOKEN: first.stdout.trim() };
    const made = await noetl('tokens create ci --grant author:team-a --grant viewer --json', env);
    const { token, token_id, grants } = JSON.parse(made.stdout) as Record<string, string>;
    expect(grants).toEqual([
      { role: 'author', prefix: 'team-a/' },
      { role: 'viewer', prefix: '' },
    ]);
    expect((await stage.call('GET', '/api/executions', { token })).status).toBe(200);
    expect((await noetl(`tokens revoke ${token_id ?? ''}`, env)).code).toBe(0);
    const refused = await noetl('tokens list', { NOETL_TOKEN: token ?? '' });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('TOKEN_INVALID')]);
    await audit('action=token.revoke&who=first', 1);
    expect((await noetl('audit --who first --limit 1', env)).stdout).toContain('token.revoke');
  });

  test('a server that others can reach does not start without authentication', async () => {
    const { databaseUrl, natsUrl } = stage.platform;
    const open = { DATABASE_URL: databaseUrl, NATS_URL: natsUrl, NOETL_HOST: '0.0.0.0', NOETL_PORT: '0' };
    const { code, stderr } = await noetl('server', open);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/NOETL_HOST.*NOETL_AUTH=on/)]);
  });
});

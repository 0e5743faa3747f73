/** A change of the master key: every row is wrapped anew, those of the first format too, and nothing else changes. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestPostgres, waitFor, type TestPostgres } from '@noetl/testkit';
import { credentialPlace, readCredential, saveCredential } from './credential.ts';
import { connectStore, type Store } from './database.ts';
import { keyUsage, rotateKeys } from './key-rotation.ts';
import { createSealer } from './sealer.ts';
import { openWebhook, sealWebhook, type Webhook, type WebhookTarget } from './webhook.ts';

const [OLD, NEW, LOST] = Array.from({ length: 3 }, () => randomBytes(32).toString('base64')) as [
  string,
  string,
  string,
];
const before = createSealer([OLD]);
const meanwhile = createSealer([NEW, OLD]);
const after = createSealer([NEW]);
const [newId = ''] = after.keyIds;
const TARGET: WebhookTarget = {
  url: 'https://u:p@host/told?token=t',
  headers: { 'x-key': 'k' },
  secret: 's',
};
const nothing = (): void => undefined;

let postgres: TestPostgres;
let store: Store;

beforeAll(async () => {
  postgres = await startTestPostgres();
  store = connectStore({ url: postgres.url, maxConnections: 3, applicationName: 'test', onError: nothing });
  await store.pool.query(`INSERT INTO noetl.catalog (catalog_id, path, version, kind, content, content_hash)
    VALUES (1, 'p', 1, 'Playbook', 'x', 'x')`);
});

afterAll(async () => {
  await store.close();
  await postgres.stop();
});

beforeEach(async () => {
  await store.pool.query('DELETE FROM noetl.credential; DELETE FROM noetl.execution');
  for (let n = 0; n < 25; n += 1) {
    await saveCredential(store, before, {
      name: `c${String(n)}`,
      type: 'bearer',
      data: { token: `t${String(n)}` },
    });
    await execution(String(100 + n), sealWebhook(before, String(100 + n), TARGET));
  }
  await execution('500', { webhook: { url: 'http://plain/' } });
});

async function execution(id: string, stored: { webhook: Webhook; webhook_kek_id?: string }): Promise<void> {
  await store.pool.query(
    `INSERT INTO noetl.execution (execution_id, catalog_id, path, version, status, payload, webhook, webhook_kek_id)
     VALUES ($1, 1, 'p', 1, 'COMPLETED', '{}', $2, $3)`,
    [id, JSON.stringify(stored.webhook), stored.webhook_kek_id ?? null],
  );
}

async function target(id: string): Promise<WebhookTarget> {
  const { rows } = await store.pool.query<{ webhook: Webhook }>(
    'SELECT webhook FROM noetl.execution WHERE execution_id = $1',
    [id],
  );
  return openWebhook(after, id, rows[0]?.webhook ?? { url: '' });
}

/** As processes of the version before wrote it. */
function legacy(name: string, data: object): string {
  const by = Buffer.from(OLD, 'base64');
  const dek = randomBytes(32);
  const encrypt = (key: Buffer, plain: Buffer): string => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
  };
  const key = createHash('sha256').update(by).digest('hex').slice(0, 12);
  return JSON.stringify({
    v: 1,
    key,
    dek: encrypt(by, dek),
    data: encrypt(dek, Buffer.from(JSON.stringify(data))),
  });
}

test('everything opens with the new key alone, and the rows say so', async () => {
  const heard: number[] = [];
  const { rewrapped, unopened } = await rotateKeys(store, meanwhile, {
    batch: 10,
    onBatch: (sofar) => heard.push(sofar.rewrapped),
  });
  expect([rewrapped, unopened]).toEqual([50, []]);
  expect(heard).toEqual([10, 20, 25, 35, 45, 50]);
  expect(await keyUsage(store)).toEqual([{ kek_id: newId, credentials: 25, webhooks: 25 }]);
  expect(await readCredential(store, after, 'c7')).toEqual({
    name: 'c7',
    type: 'bearer',
    data: { token: 't7' },
  });
  expect(await target('103')).toEqual(TARGET);
  expect((await rotateKeys(store, meanwhile, { batch: 10, onBatch: nothing })).rewrapped).toBe(0);
});

test('one that was broken off goes on where it was', async () => {
  const stop = new Error('killed');
  const broken = rotateKeys(store, meanwhile, {
    batch: 4,
    onBatch: ({ rewrapped }) => {
      if (rewrapped === 33) throw stop;
    },
  });
  await expect(broken).rejects.toBe(stop);
  expect(await keyUsage(store)).toContainEqual({ kek_id: newId, credentials: 25, webhooks: 8 });
  expect((await rotateKeys(store, meanwhile, { batch: 4, onBatch: nothing })).rewrapped).toBe(17);
  expect(await keyUsage(store)).toEqual([{ kek_id: newId, credentials: 25, webhooks: 25 }]);
});

test('a credential that is saved meanwhile keeps what was saved', async () => {
  const changed = before.seal(credentialPlace({ name: 'c3', type: 'bearer', version: '9000' }), {
    token: 'changed',
  });
  const saver = await store.pool.connect();
  await saver.query('BEGIN');
  await saver.query(`UPDATE noetl.credential SET version = 9000, data_encrypted = $1 WHERE name = 'c3'`, [
    changed.text,
  ]);
  const rotating = rotateKeys(store, meanwhile, { batch: 100, onBatch: nothing });
  const blocked = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE noetl.credential%'`;
  await waitFor(async () => (await store.pool.query(blocked)).rowCount === 1, {
    what: 'the rotation at the row',
  });
  await saver.query('COMMIT');
  saver.release();
  expect((await rotating).rewrapped).toBe(49);
  expect((await rotateKeys(store, meanwhile, { batch: 100, onBatch: nothing })).rewrapped).toBe(1);
  expect((await readCredential(store, after, 'c3'))?.data).toEqual({ token: 'changed' });
});

test('rows of the first format are sealed anew, with everything bound in', async () => {
  await store.pool.query(
    `UPDATE noetl.credential SET version = 0, kek_id = NULL, data_encrypted = $1 WHERE name = 'c1'`,
    [legacy('c1', { token: 'first' })],
  );
  const { url, headers } = TARGET;
  await execution('600', {
    webhook: { url, ...(headers && { headers }), secret: legacy('webhook:600', { secret: 's' }) },
  });
  await execution('601', { webhook: { url, ...(headers && { headers }) } });
  expect((await readCredential(store, before, 'c1'))?.data).toEqual({ token: 'first' });
  await rotateKeys(store, meanwhile, { batch: 10, onBatch: nothing });
  expect((await readCredential(store, after, 'c1'))?.data).toEqual({ token: 'first' });
  expect(await target('600')).toEqual(TARGET);
  expect(await target('601')).toEqual({ url, headers });
  const { rows } = await store.pool.query<{ webhook: unknown }>('SELECT webhook FROM noetl.execution');
  expect(JSON.stringify(rows)).not.toMatch(/x-key|u:p@|token=t"/);
});

test('what no key opens is named, and holds nothing up', async () => {
  await saveCredential(store, createSealer([LOST]), { name: 'lost', type: 'bearer', data: { token: 'x' } });
  const { rewrapped, unopened } = await rotateKeys(store, meanwhile, { batch: 10, onBatch: nothing });
  expect([rewrapped, unopened]).toEqual([50, ['credential lost']]);
  expect((await keyUsage(store)).map(({ credentials }) => credentials).sort()).toEqual([1, 25]);
});

test('versions are never given twice: a credential that was deleted does not come back', async () => {
  const { rows: old } = await store.pool.query<{ data_encrypted: string }>(
    `DELETE FROM noetl.credential WHERE name = 'c2' RETURNING data_encrypted`,
  );
  await saveCredential(store, before, { name: 'c2', type: 'bearer', data: { token: 'second life' } });
  await store.pool.query(`UPDATE noetl.credential SET data_encrypted = $1 WHERE name = 'c2'`, [
    old[0]?.data_encrypted,
  ]);
  await expect(readCredential(store, before, 'c2')).rejects.toMatchObject({ code: 'SEALED_DATA_INVALID' });
});

/**
 * A change of the master key: data keys are wrapped anew, batch by batch, while everything runs; the data itself is
 * not touched. Each row tells which key it needs, so whoever starts again after a crash goes on where it was.
 */
import { sql } from 'kysely';
import type { Id, Json } from '@noetl/protocol';
import { credentialPlace } from './credential.ts';
import type { Store } from './database.ts';
import { UNVERSIONED, type Sealer } from './sealer.ts';
import { rewrapWebhook, type Webhook } from './webhook.ts';

export interface KeyUsage {
  /** Null: sealed by a process of the version before. */
  kek_id: string | null;
  credentials: number;
  webhooks: number;
}

export interface Rotation {
  /** Rows wrapped anew so far. */
  rewrapped: number;
  /** Rows that none of the keys opens: what they are, by name. */
  unopened: string[];
}

/** In the words of the index; what has no key id comes from a process of the version before. */
const SECRET_WEBHOOK = sql`webhook_kek_id IS NOT NULL OR webhook ?| array['secret', 'headers']`;

/** How many sealed rows need which key. */
export async function keyUsage(store: Store): Promise<KeyUsage[]> {
  const { rows } = await sql<KeyUsage>`
    SELECT kek_id, sum(credentials)::int AS credentials, sum(webhooks)::int AS webhooks FROM (
      SELECT kek_id, count(*) AS credentials, 0 AS webhooks FROM noetl.credential GROUP BY kek_id
      UNION ALL
      SELECT webhook_kek_id, 0, count(*) FROM noetl.execution WHERE ${SECRET_WEBHOOK}
        GROUP BY webhook_kek_id
    ) AS used GROUP BY kek_id ORDER BY kek_id`.execute(store.db);
  return rows;
}

/**
 * Wraps everything with the sealer's first key. A row that changes meanwhile is left as it has become: what
 * {@link keyUsage} says afterwards counts. `onBatch` hears what has been done so far.
 */
export async function rotateKeys(
  store: Store,
  sealer: Sealer,
  { batch, onBatch }: { batch: number; onBatch: (sofar: Rotation) => void },
): Promise<Rotation> {
  const done: Rotation = { rewrapped: 0, unopened: [] };
  for (const rewrapped of [rotateCredentials, rotateWebhooks])
    for await (const { count, unopened } of rewrapped(store, sealer, batch)) {
      done.rewrapped += count;
      done.unopened.push(...unopened);
      onBatch(done);
    }
  return done;
}

type Batches = AsyncGenerator<{ count: number; unopened: string[] }>;

async function* rotateCredentials(store: Store, sealer: Sealer, batch: number): Batches {
  const current = sealer.keyIds[0] ?? '';
  for (let after: Id = '0'; ;) {
    const rows = await store.db
      .selectFrom('credential')
      .select(['credential_id', 'name', 'type', 'version', 'data_encrypted'])
      .where('credential_id', '>', after)
      .where((where) =>
        where.or([where('kek_id', 'is distinct from', current), where('version', '=', UNVERSIONED)]),
      )
      .orderBy('credential_id')
      .limit(batch)
      .execute();
    const last = rows.at(-1);
    if (!last) return;
    after = last.credential_id;
    const versions = await newVersions(store, rows.filter(({ version }) => version === UNVERSIONED).length);
    const unopened: string[] = [];
    const changes = rows.flatMap((row) => {
      const { credential_id: id, data_encrypted: was, name } = row;
      const version = row.version === UNVERSIONED ? (versions.pop() ?? '') : row.version;
      const next = attempt(() => rewrapCredential(sealer, row, version));
      if (next === undefined) unopened.push(`credential ${name}`);
      return next === undefined ? [] : [{ id, was, next, version }];
    });
    yield { count: await storeCredentials(store, current, changes), unopened };
  }
}

/** One of the first format is sealed as a whole. */
function rewrapCredential(
  sealer: Sealer,
  row: { name: string; type: string; version: Id; data_encrypted: string },
  version: Id,
): string {
  const place = credentialPlace(row);
  if (row.version !== UNVERSIONED) return sealer.rewrap(place, row.data_encrypted).text;
  return sealer.seal({ ...place, version }, sealer.open(place, row.data_encrypted)).text;
}

async function storeCredentials(
  store: Store,
  kekId: string,
  changes: { id: Id; was: string; next: string; version: Id }[],
): Promise<number> {
  const column = (name: 'id' | 'was' | 'next' | 'version') => changes.map((change) => change[name]);
  const { numAffectedRows = 0n } = await sql`
    UPDATE noetl.credential AS c SET data_encrypted = n.next, version = n.version, kek_id = ${kekId}
    FROM unnest(${column('id')}::bigint[], ${column('was')}::text[], ${column('next')}::text[],
      ${column('version')}::bigint[]) AS n (id, was, next, version)
    WHERE c.credential_id = n.id AND c.data_encrypted = n.was`.execute(store.db);
  return Number(numAffectedRows);
}

async function newVersions(store: Store, count: number): Promise<Id[]> {
  if (count === 0) return [];
  const { rows } = await sql<{ version: Id }>`
    SELECT nextval('noetl.credential_version')::text AS version
    FROM generate_series(1, ${count}::int)`.execute(store.db);
  return rows.map(({ version }) => version);
}

async function* rotateWebhooks(store: Store, sealer: Sealer, batch: number): Batches {
  const current = sealer.keyIds[0] ?? '';
  for (let after: Id = '0'; ;) {
    const { rows } = await sql<{ execution_id: Id; webhook: Json }>`
      SELECT execution_id::text, webhook FROM noetl.execution
      WHERE execution_id > ${after} AND (${SECRET_WEBHOOK})
        AND (webhook_kek_id IS DISTINCT FROM ${current} OR NOT webhook ? 'sealed')
      ORDER BY execution_id LIMIT ${batch}`.execute(store.db);
    const last = rows.at(-1);
    if (!last) return;
    after = last.execution_id;
    const unopened: string[] = [];
    const changes = rows.flatMap(({ execution_id: id, webhook }) => {
      const next = attempt(() => rewrapWebhook(sealer, id, webhook as unknown as Webhook));
      if (next === undefined) unopened.push(`webhook of execution ${id}`);
      return next === undefined ? [] : [{ id, next: JSON.stringify(next) }];
    });
    // The target of an execution never changes otherwise, so what was read is what is there.
    const { numAffectedRows = 0n } = await sql`
      UPDATE noetl.execution AS e SET webhook = n.next, webhook_kek_id = ${current}
      FROM unnest(${changes.map(({ id }) => id)}::bigint[], ${changes.map(({ next }) => next)}::jsonb[])
        AS n (id, next)
      WHERE e.execution_id = n.id`.execute(store.db);
    yield { count: Number(numAffectedRows), unopened };
  }
}

/** Undefined when no key opens it: the others are not held up, and it is told by name. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

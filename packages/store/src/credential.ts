/** Credentials by name. Their data is sealed at rest and leaves this module opened only through readCredential. */
import { sql } from 'kysely';
import type { Id, Json, JsonObject } from '@noetl/protocol';
import type { Store } from './database.ts';
import { isUnderOne } from './prefix.ts';
import type { SealedPlace, Sealer } from './sealer.ts';

/** What may be shown of a credential: everything but its data. */
export interface CredentialRecord {
  id: Id;
  name: string;
  type: string;
  meta: Json;
  tags: string[];
  description: string | null;
  created_at: Date;
  updated_at: Date;
}

export interface NewCredential {
  name: string;
  type: string;
  data: JsonObject;
  meta?: Json;
  tags?: string[];
  description?: string;
}

const SHOWN = [
  'credential_id as id',
  'name',
  'type',
  'meta',
  'tags',
  'description',
  'created_at',
  'updated_at',
] as const;

/** Creates or replaces; a name has one credential. */
export async function saveCredential(
  store: Store,
  sealer: Sealer,
  { name, type, data, meta, tags, description }: NewCredential,
): Promise<CredentialRecord> {
  const version = await nextVersion(store);
  const { text, kek_id } = sealer.seal(credentialPlace({ name, type, version }), data);
  const values = {
    type,
    version,
    data_encrypted: text,
    kek_id,
    meta: meta === undefined ? null : JSON.stringify(meta),
    tags: tags ?? [],
    description: description ?? null,
  };
  return store.db
    .insertInto('credential')
    .values({ name, ...values })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ ...values, updated_at: sql<Date>`now()` }),
    )
    .returning(SHOWN)
    .executeTakeFirstOrThrow();
}

/** By name; `query` is part of a name, `prefixes` are those that a name may lie under. */
export function listCredentials(
  store: Store,
  filter: { type?: string; query?: string; prefixes?: readonly string[] | undefined },
): Promise<CredentialRecord[]> {
  let select = store.db.selectFrom('credential').select(SHOWN).orderBy('name');
  if (filter.type !== undefined) select = select.where('type', '=', filter.type);
  if (filter.query !== undefined) select = select.where(sql`strpos(name, ${filter.query})`, '>', 0);
  if (filter.prefixes !== undefined) select = select.where(isUnderOne('name', filter.prefixes));
  return select.execute();
}

/** By name, or by id when the text is one. */
export function getCredential(store: Store, nameOrId: string): Promise<CredentialRecord | undefined> {
  return store.db
    .selectFrom('credential')
    .select(SHOWN)
    .where((where) =>
      where.or([where('name', '=', nameOrId), where(sql`credential_id::text`, '=', nameOrId)]),
    )
    .executeTakeFirst();
}

/** True when there was one. */
export async function deleteCredential(store: Store, nameOrId: string): Promise<boolean> {
  const found = await getCredential(store, nameOrId);
  if (!found) return false;
  await store.db.deleteFrom('credential').where('credential_id', '=', found.id).execute();
  return true;
}

/** For workers only: the opened data. Undefined when there is no such credential. */
export async function readCredential(
  store: Store,
  sealer: Sealer,
  name: string,
): Promise<{ name: string; type: string; data: JsonObject } | undefined> {
  const row = await store.db
    .selectFrom('credential')
    .select(['name', 'type', 'version', 'data_encrypted'])
    .where('name', '=', name)
    .executeTakeFirst();
  return (
    row && { name: row.name, type: row.type, data: sealer.open(credentialPlace(row), row.data_encrypted) }
  );
}

/** Where the data of a credential belongs. */
export function credentialPlace(row: { name: string; type: string; version: Id }): SealedPlace {
  const { name, type, version } = row;
  return { purpose: 'credential', name, type, version };
}

async function nextVersion(store: Store): Promise<Id> {
  const { rows } = await sql<{ version: Id }>`
    SELECT nextval('noetl.credential_version')::text AS version`.execute(store.db);
  return rows[0]?.version ?? '';
}

/** The catalog: every registration of a path is a version that never changes. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Id } from '@noetl/protocol';
import type { Store } from './database.ts';

export interface CatalogEntry {
  catalog_id: Id;
  path: string;
  version: number;
  kind: string;
  content: string;
  created_at: Date;
}

export interface Registered {
  catalog_id: Id;
  path: string;
  version: number;
  kind: string;
  /** False when the latest version already has this very content. */
  created: boolean;
}

const COLUMNS = ['catalog_id', 'path', 'version', 'kind', 'content', 'created_at'] as const;

/** Adds a version (highest + 1 of its path); the same content as the latest version adds nothing. */
export async function registerResource(
  store: Store,
  resource: { catalog_id: Id; path: string; kind: string; content: string },
): Promise<Registered> {
  const { path, kind, content } = resource;
  const content_hash = createHash('sha256').update(content).digest('hex');
  return store.db.transaction().execute(async (tx) => {
    // Registrations of one path take turns, so that versions have no gaps and no race.
    await sql`SELECT pg_advisory_xact_lock(hashtextextended(${path}, 0))`.execute(tx);
    const latest = await tx
      .selectFrom('catalog')
      .select(['catalog_id', 'version', 'kind', 'content_hash'])
      .where('path', '=', path)
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (latest?.content_hash === content_hash) {
      const { catalog_id, version } = latest;
      return { catalog_id, path, version, kind: latest.kind, created: false };
    }
    const version = (latest?.version ?? 0) + 1;
    await tx
      .insertInto('catalog')
      .values({ catalog_id: resource.catalog_id, path, version, kind, content, content_hash })
      .execute();
    return { catalog_id: resource.catalog_id, path, version, kind, created: true };
  });
}

/** By id, or by path and version; without a version the latest. */
export async function findResource(
  store: Store,
  by: { catalog_id: Id } | { path: string; version?: number },
): Promise<CatalogEntry | undefined> {
  const all = store.db.selectFrom('catalog').select(COLUMNS).orderBy('version', 'desc').limit(1);
  if ('catalog_id' in by) return all.where('catalog_id', '=', by.catalog_id).executeTakeFirst();
  const ofPath = all.where('path', '=', by.path);
  const found = by.version === undefined ? ofPath : ofPath.where('version', '=', by.version);
  return found.executeTakeFirst();
}

/** The latest version of every path, by path. */
export async function listResources(
  store: Store,
  filter: { kind?: string; after?: string; limit?: number } = {},
): Promise<CatalogEntry[]> {
  let query = store.db
    .selectFrom('catalog')
    .distinctOn('path')
    .select(COLUMNS)
    .orderBy('path')
    .orderBy('version', 'desc')
    .limit(filter.limit ?? 500);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.after !== undefined) query = query.where('path', '>', filter.after);
  return query.execute();
}

/** All versions of one path, newest first. */
export function listVersions(store: Store, path: string): Promise<CatalogEntry[]> {
  return store.db
    .selectFrom('catalog')
    .select(COLUMNS)
    .where('path', '=', path)
    .orderBy('version', 'desc')
    .execute();
}

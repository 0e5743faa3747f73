/** The catalog: every registration of a path is a version that never changes. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { NoetlError, type Id } from '@noetl/protocol';
import type { Store } from './database.ts';
import { isUnderOne } from './prefix.ts';

/** What lists show: everything but the document. */
export interface CatalogHead {
  catalog_id: Id;
  path: string;
  version: number;
  kind: string;
  created_at: Date;
}

export interface CatalogEntry extends CatalogHead {
  content: string;
}

export interface Registered {
  catalog_id: Id;
  path: string;
  version: number;
  kind: string;
  /** False when the latest version already has this very content. */
  created: boolean;
}

const HEAD = ['catalog_id', 'path', 'version', 'kind', 'created_at'] as const;
const COLUMNS = [...HEAD, 'content'] as const;

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

export type ResourceKey = { catalog_id: Id } | { path: string; version?: number };

/** By id, or by path and version; without a version the latest. */
export function findResource(store: Store, by: ResourceKey): Promise<CatalogEntry | undefined> {
  return found(store, by).select(COLUMNS).executeTakeFirst();
}

/** The same without the document. */
export function findHead(store: Store, by: ResourceKey): Promise<CatalogHead | undefined> {
  return found(store, by).select(HEAD).executeTakeFirst();
}

function found(store: Store, by: ResourceKey) {
  const all = store.db.selectFrom('catalog').orderBy('version', 'desc').limit(1);
  if ('catalog_id' in by) return all.where('catalog_id', '=', by.catalog_id);
  const ofPath = all.where('path', '=', by.path);
  return by.version === undefined ? ofPath : ofPath.where('version', '=', by.version);
}

/** Throws PATH_UNKNOWN, VERSION_UNKNOWN, and PLAYBOOK_KIND for documents that cannot run. */
export async function playbookHead(
  store: Store,
  by: { path: string; version?: number },
): Promise<CatalogHead> {
  const head = await findHead(store, by);
  if (head?.kind === 'Playbook') return head;
  if (head)
    throw new NoetlError(
      'PLAYBOOK_KIND',
      `"${head.path}" is a document of kind ${head.kind}: only playbooks are executed`,
    );
  if (by.version !== undefined && (await findHead(store, { path: by.path })))
    throw new NoetlError('VERSION_UNKNOWN', `"${by.path}" has no version ${String(by.version)}`);
  throw new NoetlError('PATH_UNKNOWN', `the catalog has no playbook "${by.path}"`);
}

/**
 * The latest version of every path, by path; `after` is the last path of the page before. Only below `prefixes` where
 * they are given.
 */
export async function listResources(
  store: Store,
  filter: { kind?: string; after?: string; prefixes?: readonly string[] | undefined; limit: number },
): Promise<CatalogHead[]> {
  let query = store.db
    .selectFrom('catalog')
    .distinctOn('path')
    .select(HEAD)
    .orderBy('path')
    .orderBy('version', 'desc')
    .limit(filter.limit);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.after !== undefined) query = query.where('path', '>', filter.after);
  if (filter.prefixes !== undefined) query = query.where(isUnderOne('path', filter.prefixes));
  return query.execute();
}

/** The versions of one path, newest first. */
export function listVersions(store: Store, path: string, limit = 1_000): Promise<CatalogHead[]> {
  return store.db
    .selectFrom('catalog')
    .select(HEAD)
    .where('path', '=', path)
    .orderBy('version', 'desc')
    .limit(limit)
    .execute();
}

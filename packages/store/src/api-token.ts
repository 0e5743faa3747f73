/**
 * API tokens: `noetl_<id>_<secret>`. The id finds the row; of the whole only a hash is kept, which is enough because
 * the secret has 256 bits. Times are those of the database's clock.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import type { Grant } from '@noetl/protocol';
import type { Store } from './database.ts';

export interface ApiToken {
  token_id: string;
  name: string;
  grants: Grant[];
  created_by: string;
  created_at: Date;
  /** It never expires when null. */
  expires_at: Date | null;
  revoked_at: Date | null;
  /** Exact to a minute. */
  last_used_at: Date | null;
}

export interface NewApiToken {
  name: string;
  grants: readonly Grant[];
  created_by: string;
  /** Days until it expires; never when null. */
  days: number | null;
}

const ID_BYTES = 8;
const SECRET_BYTES = 32;
const FORM = /^noetl_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;
const LIST_MAX = 1_000;

const SHOWN = [
  'token_id',
  'name',
  'grants',
  'created_by',
  'created_at',
  'expires_at',
  'revoked_at',
  'last_used_at',
] as const;

/** `token` is the only copy there will ever be. */
export async function createApiToken(
  store: Store,
  { name, grants, created_by, days }: NewApiToken,
): Promise<{ token: string; record: ApiToken }> {
  const token_id = randomBytes(ID_BYTES).toString('hex');
  const token = `noetl_${token_id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  const record = await store.db
    .insertInto('api_token')
    .values({
      token_id,
      name,
      token_hash: hashOf(token),
      grants: JSON.stringify(grants),
      created_by,
      expires_at: days === null ? null : sql<Date>`now() + ${days} * interval '1 day'`,
    })
    .returning(SHOWN)
    .executeTakeFirstOrThrow();
  return { token, record };
}

/** Newest first. */
export function listApiTokens(store: Store): Promise<ApiToken[]> {
  return store.db
    .selectFrom('api_token')
    .select(SHOWN)
    .orderBy('created_at', 'desc')
    .orderBy('token_id')
    .limit(LIST_MAX)
    .execute();
}

/** Whether there is a token that would be taken now. */
export async function hasApiTokens(store: Store): Promise<boolean> {
  const found = await store.db
    .selectFrom('api_token')
    .select('token_id')
    .where('revoked_at', 'is', null)
    .where(sql<boolean>`(expires_at IS NULL OR expires_at > now())`)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/** It works no more from this moment on. Undefined when there is no such token; revoked once, its time stays. */
export function revokeApiToken(store: Store, tokenId: string): Promise<ApiToken | undefined> {
  return store.db
    .updateTable('api_token')
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
    .where('token_id', '=', tokenId)
    .returning(SHOWN)
    .executeTakeFirst();
}

/** The token that a caller sent, or why it is not taken. */
export async function verifyApiToken(
  store: Store,
  text: string,
): Promise<ApiToken | 'unknown' | 'revoked' | 'expired'> {
  const [, token_id] = FORM.exec(text) ?? [];
  if (token_id === undefined) return 'unknown';
  const row = await store.db
    .selectFrom('api_token')
    .select([...SHOWN, 'token_hash'])
    .select(sql<boolean>`coalesce(expires_at <= now(), false)`.as('expired'))
    .select(sql<boolean>`coalesce(last_used_at < now() - interval '1 minute', true)`.as('unused'))
    .where('token_id', '=', token_id)
    .executeTakeFirst();
  if (!row) return 'unknown';
  const { token_hash, expired, unused, ...record } = row;
  if (!timingSafeEqual(token_hash, hashOf(text))) return 'unknown';
  if (record.revoked_at !== null) return 'revoked';
  if (expired) return 'expired';
  if (unused) await noteUse(store, token_id);
  return record;
}

async function noteUse(store: Store, tokenId: string): Promise<void> {
  await store.db
    .updateTable('api_token')
    .set({ last_used_at: sql<Date>`now()` })
    .where('token_id', '=', tokenId)
    // Whoever waited for the row here finds it used.
    .where(sql<boolean>`coalesce(last_used_at < now() - interval '1 minute', true)`)
    .execute();
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

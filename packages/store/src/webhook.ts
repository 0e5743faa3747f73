/** Telling of an execution's end: a row with the terminal event, deliveries with retries. */
import { sql } from 'kysely';
import { isJsonObject, type Id, type Json, type JsonObject } from '@noetl/protocol';
import type { Store, Tx } from './database.ts';
import { UNVERSIONED, type SealedPlace, type Sealer } from './sealer.ts';

/** As it is stored. */
export interface Webhook {
  /** Without what it may hold of secrets: user, password and the values of its query. */
  url: string;
  /** The whole of it, {@link WebhookTarget}, where there is anything to hide. */
  sealed?: string;
  /** Of executions that were started before targets were sealed. */
  headers?: Record<string, string>;
  secret?: string;
}

/** Where and how to tell. */
export interface WebhookTarget {
  url: string;
  headers?: Record<string, string>;
  /** Signs the deliveries. */
  secret?: string;
}

export interface Delivery {
  execution_id: Id;
  attempts: number;
  webhook: Webhook;
  body: JsonObject;
}

export interface DeliveryState {
  execution_id: Id;
  url: string;
  state: string;
  attempts: number;
  next_try_at: Date;
  last_error: string | null;
  delivered_at: Date | null;
}

/** An execution has one webhook, which never changes. */
const VERSION = '1';

function webhookPlace(executionId: Id, version = VERSION): SealedPlace {
  return { purpose: 'webhook', name: executionId, type: 'webhook', version };
}

/** A target as it is stored, with the key that it needs. Throws ENCRYPTION_KEY_MISSING where there is anything to hide. */
export function sealWebhook(
  sealer: Sealer,
  executionId: Id,
  target: WebhookTarget,
): { webhook: Webhook; webhook_kek_id?: string } {
  const url = shownUrl(target.url);
  if (url === target.url && !target.headers && target.secret === undefined) return { webhook: { url } };
  const { text, kek_id } = sealer.seal(webhookPlace(executionId), { ...target });
  return { webhook: { url, sealed: text }, webhook_kek_id: kek_id };
}

/** Throws ENCRYPTION_KEY_MISSING, SEALED_DATA_INVALID. */
export function openWebhook(sealer: Sealer, executionId: Id, webhook: Webhook): WebhookTarget {
  const { sealed, secret, ...plain } = webhook;
  if (sealed !== undefined) return sealer.open(webhookPlace(executionId), sealed) as unknown as WebhookTarget;
  if (secret === undefined) return plain;
  return { ...plain, ...sealer.open(webhookPlace(executionId, UNVERSIONED), secret) };
}

/** The same with its data key wrapped by the first master key; one of the first format is sealed as a whole. */
export function rewrapWebhook(sealer: Sealer, executionId: Id, webhook: Webhook): Webhook {
  const { sealed, url } = webhook;
  if (sealed !== undefined) return { url, sealed: sealer.rewrap(webhookPlace(executionId), sealed).text };
  return sealWebhook(sealer, executionId, openWebhook(sealer, executionId, webhook)).webhook;
}

function shownUrl(text: string): string {
  const url = new URL(text);
  if (url.username === '' && url.password === '' && url.search === '' && url.hash === '') return text;
  url.username = '';
  url.password = '';
  url.hash = '';
  for (const name of [...url.searchParams.keys()]) url.searchParams.set(name, '***');
  return url.href;
}

/** In the transaction that ends an execution. */
export async function enqueueWebhook(tx: Tx, executionId: Id): Promise<void> {
  await sql`
    INSERT INTO noetl.webhook_delivery (execution_id, url)
    SELECT execution_id, webhook ->> 'url' FROM noetl.execution
    WHERE execution_id = ${executionId} AND webhook IS NOT NULL
    ON CONFLICT DO NOTHING`.execute(tx);
}

/** Takes deliveries that are due; nobody else gets them within `busy_ms`. */
export async function takeDeliveries(
  store: Store,
  { limit, busy_ms }: { limit: number; busy_ms: number },
): Promise<Delivery[]> {
  const { rows } = await sql<{ execution_id: Id; attempts: number; webhook: Json; body: JsonObject }>`
    WITH due AS (
      SELECT execution_id FROM noetl.webhook_delivery
      WHERE state = 'pending' AND next_try_at <= now()
      ORDER BY next_try_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ), taken AS (
      UPDATE noetl.webhook_delivery AS d
      SET attempts = d.attempts + 1, next_try_at = now() + ${busy_ms} * interval '1 ms'
      FROM due WHERE d.execution_id = due.execution_id
      RETURNING d.execution_id, d.attempts
    )
    SELECT t.execution_id, t.attempts, e.webhook,
      jsonb_build_object('execution_id', e.execution_id::text, 'path', e.path, 'version', e.version,
        'status', e.status, 'result', e.result, 'error', e.error, 'start_time', e.start_time,
        'end_time', e.end_time) AS body
    FROM taken AS t JOIN noetl.execution AS e ON e.execution_id = t.execution_id`.execute(store.db);
  return rows.flatMap(({ webhook, ...row }) =>
    isJsonObject(webhook) ? [{ ...row, webhook: webhook as unknown as Webhook }] : [],
  );
}

/** What came of a try: delivered, to be tried again later, or given up. */
export async function settleDelivery(
  store: Store,
  executionId: Id,
  outcome: { delivered: true } | { delivered: false; error: string; retry_ms: number | undefined },
): Promise<void> {
  const values = outcome.delivered
    ? { state: 'delivered', delivered_at: sql<Date>`now()`, last_error: null }
    : outcome.retry_ms === undefined
      ? { state: 'failed', last_error: outcome.error }
      : { last_error: outcome.error, next_try_at: sql<Date>`now() + ${outcome.retry_ms} * interval '1 ms'` };
  await store.db
    .updateTable('webhook_delivery')
    .set(values)
    .where('execution_id', '=', executionId)
    .execute();
}

export function getDelivery(store: Store, executionId: Id): Promise<DeliveryState | undefined> {
  return store.db
    .selectFrom('webhook_delivery')
    .selectAll()
    .where('execution_id', '=', executionId)
    .executeTakeFirst();
}

/** Tries again at once, and as often as at first. False when there is nothing to deliver. */
export async function redeliver(store: Store, executionId: Id): Promise<boolean> {
  const { numUpdatedRows } = await store.db
    .updateTable('webhook_delivery')
    .set({ state: 'pending', attempts: 0, next_try_at: sql<Date>`now()`, last_error: null })
    .where('execution_id', '=', executionId)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Telling of an execution's end: a row with the terminal event, deliveries with retries. */
import { sql } from 'kysely';
import { isJsonObject, type Id, type Json, type JsonObject } from '@noetl/protocol';
import type { Store, Tx } from './database.ts';

export interface Webhook {
  url: string;
  headers?: Record<string, string>;
  /** Sealed; signs the deliveries. */
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

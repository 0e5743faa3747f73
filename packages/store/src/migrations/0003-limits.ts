/** Named limits of calls: how many at once, how many a second; exact across workers. */
import { CompiledQuery, type Kysely } from 'kysely';

/**
 * A worker says how many calls it has running under each key (`held`) and how many more it wants (`wanted`, under all
 * keys at once); it gets how many it may start now, the milliseconds until the next could be, and the keys that others
 * wait for in vain no longer. Keys without a limit limit nothing. Whoever waits longest is served first, by steps of a
 * tenth of a second, since every change of hands costs time; what it waits for is kept for it, as long as it asks
 * again within a second.
 */
const TAKE_PERMITS = `
CREATE FUNCTION noetl.take_permits(keys text[], held int[], wanted int, worker text, lease_ms float8,
  OUT granted int, OUT wait_ms float8, OUT wake text[])
LANGUAGE plpgsql AS $$
DECLARE
  at timestamptz;
BEGIN
  PERFORM 1 FROM noetl.flow_limit AS l WHERE l.key = ANY (keys) ORDER BY l.key FOR UPDATE;
  at := clock_timestamp();
  DELETE FROM noetl.flow_user AS u WHERE u.key = ANY (keys) AND u.lease_until < at AND u.worker_id <> worker;
  INSERT INTO noetl.flow_user AS u (key, worker_id, held, lease_until)
    SELECT k.key, worker, k.held, at + lease_ms * interval '1 ms'
    FROM unnest(keys, held) AS k (key, held) JOIN noetl.flow_limit AS l ON l.key = k.key
    ON CONFLICT (key, worker_id) DO UPDATE SET held = excluded.held, lease_until = excluded.lease_until;
  WITH place AS (
    SELECT l.key, l.paused_until, l.rate,
      least(l.burst, l.tokens + l.rate * extract(epoch FROM at - l.refilled_at)) AS tokens,
      coalesce(l.max_concurrent - s.used - s.before_us, 'infinity'::float8) AS slots,
      s.before_us
    FROM noetl.flow_limit AS l CROSS JOIN LATERAL (
      SELECT sum(u.held) AS used, coalesce(sum(u.waiting) FILTER (WHERE u.worker_id <> worker
        AND u.waiting_until > at AND u.waiting_since < coalesce(
          (SELECT o.waiting_since FROM noetl.flow_user AS o WHERE o.key = l.key AND o.worker_id = worker), at)
          - interval '100 ms'), 0) AS before_us
      FROM noetl.flow_user AS u WHERE u.key = l.key) AS s
    WHERE l.key = ANY (keys)
  ), room AS (
    SELECT p.*, CASE WHEN p.paused_until > at THEN 0
      ELSE least(p.slots, coalesce(floor(p.tokens + 1e-6) - p.before_us, 'infinity'::float8)) END AS free,
      greatest(0, coalesce((1 - p.tokens) / p.rate, 0), coalesce(extract(epoch FROM p.paused_until - at), 0)) AS wait_s
    FROM place AS p
  ), decided AS (
    SELECT greatest(0, least(wanted, coalesce(min(free), wanted)))::int AS granted,
      coalesce(max(wait_s), 0) * 1000 AS wait_ms FROM room
  ), spent AS (
    UPDATE noetl.flow_limit AS l SET tokens = r.tokens - d.granted, refilled_at = at FROM room AS r, decided AS d
    WHERE l.key = r.key AND l.rate IS NOT NULL
  ), told AS (
    UPDATE noetl.flow_user AS u SET held = u.held + d.granted,
      waiting = CASE WHEN r.free < wanted THEN wanted - d.granted ELSE 0 END,
      waiting_since = CASE WHEN r.free >= wanted THEN NULL WHEN d.granted > 0 THEN at ELSE coalesce(u.waiting_since, at) END,
      waiting_until = at + interval '1 second'
    FROM room AS r, decided AS d WHERE u.key = r.key AND u.worker_id = worker
  )
  SELECT d.granted, d.wait_ms INTO granted, wait_ms FROM decided AS d;
  SELECT coalesce(array_agg(l.key), '{}') INTO wake FROM noetl.flow_limit AS l
    WHERE l.key = ANY (keys)
      AND l.max_concurrent > (SELECT sum(u.held) FROM noetl.flow_user AS u WHERE u.key = l.key)
      AND EXISTS (SELECT 1 FROM noetl.flow_user AS u WHERE u.key = l.key AND u.worker_id <> worker
        AND u.waiting > 0 AND u.waiting_until > at);
END $$`;

const STATEMENTS = [
  `CREATE TABLE noetl.flow_limit (
    key text PRIMARY KEY,
    max_concurrent int CHECK (max_concurrent >= 1),
    rate double precision CHECK (rate > 0),
    burst double precision CHECK (burst >= 1),
    tokens double precision,
    refilled_at timestamptz NOT NULL DEFAULT now(),
    paused_until timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (max_concurrent IS NOT NULL OR rate IS NOT NULL),
    CHECK ((rate IS NULL) = (burst IS NULL))
  )`,
  `CREATE TABLE noetl.flow_user (
    key text NOT NULL REFERENCES noetl.flow_limit ON DELETE CASCADE,
    worker_id text NOT NULL,
    held int NOT NULL,
    lease_until timestamptz NOT NULL,
    waiting int NOT NULL DEFAULT 0,
    waiting_since timestamptz,
    waiting_until timestamptz,
    PRIMARY KEY (key, worker_id)
  )`,
  TAKE_PERMITS,
];

export const limits = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await db.executeQuery(CompiledQuery.raw(statement));
  },
};

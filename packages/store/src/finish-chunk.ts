/**
 * The end of a chunk: one transaction, first commit wins. The fence closes the chunk; behind it no row can conflict;
 * the loop's row comes last, so that its lock is short.
 */
import type pg from 'pg';
import { NoetlError, type ChunkCommand, type Id, type JsonObject } from '@noetl/protocol';
import { chunkCommand } from './chunk.ts';
import { copyIterations, type IterationRow } from './copy.ts';
import type { Store } from './database.ts';

export interface FinishedChunk {
  execution_id: Id;
  command_id: Id;
  worker_id: string;
  rows: IterationRow[];
  /** Ranges that were not started; they become chunks of their own. */
  remaining: [from: number, to: number][];
  /** Variables that the chunk's iterations wrote; merged over the loop's. */
  ctx?: JsonObject;
  /** Chunks of the loop that may be out at once, and how large new ones are. */
  window: number;
  chunk_size: number;
  /** Of a cursor loop: there was nothing left to claim. */
  drained?: boolean;
  /** A failure ends the loop: nothing new is issued, what is pending is dropped. */
  stop: boolean;
}

export type ChunkCommit =
  | { committed: false }
  | {
      committed: true;
      completed: number;
      failed: number;
      size: number;
      /** Nothing of the loop is outstanding: the aggregator may close it. */
      filled: boolean;
      issued: ChunkCommand[];
    };

const FENCE = `
  UPDATE noetl.command AS c SET state = 'done', done_at = now(), worker_id = $3
  FROM noetl.loop AS l
  WHERE c.execution_id = $1 AND c.command_id = $2 AND c.state IN ('pending', 'leased')
    AND l.execution_id = c.execution_id AND l.loop_id = c.loop_id
  RETURNING c.loop_id, c.catalog_id, c.step, c.attempt, l.base_event_id`;

/**
 * Counts, closes or goes on: $3 done, $4 failed, $5 stop, $6 handed back (from), $7 (to), $8 window, $9 size, $10 ctx,
 * $11 drained. Towards the end of a parallel loop chunks get smaller, so that all workers end together; one range
 * that is handed back is shared out to those who would have nothing to do.
 */
const COUNT = `
  WITH before AS (
    SELECT * FROM noetl.loop WHERE execution_id = $1 AND loop_id = $2 FOR UPDATE
  ), judged AS (
    SELECT b.*, $5::bool OR coalesce(b.failed + $4::int > b.tolerated_count, false)
      OR coalesce(b.failed + $4::int > b.size * b.tolerated_percent / 100, false) AS stop_now
    FROM before AS b
  ), plan AS (
    SELECT j.*,
      (j.state <> 'open' OR j.stop_now) AS stops,
      j.open_chunks - 1 AS others
    FROM judged AS j
  ), sized AS (
    SELECT p.*, CASE WHEN $8::int = 1 THEN $9::int ELSE least($9::int, greatest(p.concurrency, ceil($9::int / 4.0)::int,
      ceil((p.size - p.next_index) / (2.0 * $8::int))::int)) END AS chunk_size
    FROM plan AS p
  ), shared_out AS (
    SELECT s.*,
      CASE WHEN s.stops THEN 0 WHEN cardinality($6::int[]) <> 1 THEN cardinality($6::int[])
        ELSE greatest(1, least($8::int - s.others, ceil(($7::int[])[1] - ($6::int[])[1]) / s.chunk_size::numeric))::int
      END AS handed_back
    FROM sized AS s
  ), window_left AS (
    SELECT p.*,
      CASE WHEN p.stops OR p.drained OR $11::bool THEN 0 ELSE greatest(0, least($8::int - p.others - p.handed_back,
        CASE WHEN p.cursor THEN 1 ELSE ceil((p.size - p.next_index) / p.chunk_size::numeric)::int END)) END AS fresh
    FROM shared_out AS p
  ), dropped AS (
    UPDATE noetl.command AS c SET state = 'cancelled', done_at = now()
    FROM (SELECT command_id FROM noetl.command
      WHERE (SELECT stop_now FROM judged) AND execution_id = $1 AND loop_id = $2 AND state IN ('pending', 'waiting')
        AND progress IS NULL
      FOR UPDATE SKIP LOCKED) AS free
    WHERE c.execution_id = $1 AND c.command_id = free.command_id
    RETURNING 1
  ), counted AS (
    UPDATE noetl.loop AS l SET
      completed = l.completed + $3::int,
      failed = l.failed + $4::int,
      next_index = CASE WHEN l.cursor THEN l.next_index ELSE least(l.size, w.next_index + w.fresh * w.chunk_size) END,
      drained = l.drained OR $11::bool,
      open_chunks = w.others + w.handed_back + w.fresh - (SELECT count(*)::int FROM dropped),
      ctx = CASE WHEN $10::jsonb IS NULL THEN l.ctx ELSE l.ctx || $10::jsonb END,
      state = CASE
        WHEN w.others + w.handed_back + w.fresh - (SELECT count(*)::int FROM dropped) = 0 THEN 'filled'
        WHEN w.stops THEN 'stopping' ELSE l.state END,
      filled_at = CASE
        WHEN w.others + w.handed_back + w.fresh - (SELECT count(*)::int FROM dropped) = 0 THEN now() ELSE NULL END
    FROM window_left AS w
    WHERE l.execution_id = w.execution_id AND l.loop_id = w.loop_id
    RETURNING l.completed, l.failed, l.size, l.state
  ), ranges AS (
    SELECT r.first + (r.length * n / w.parts)::int AS from_index, r.first + (r.length * (n + 1) / w.parts)::int AS to_index
    FROM (SELECT *, CASE WHEN cardinality($6::int[]) = 1 THEN handed_back ELSE 1 END AS parts FROM window_left) AS w,
      (SELECT f AS first, (t - f)::bigint AS length FROM unnest($6::int[], $7::int[]) AS given (f, t)) AS r,
      generate_series(0, w.parts - 1) AS n
    WHERE w.handed_back > 0
    UNION ALL
    SELECT CASE WHEN NOT w.cursor THEN w.next_index + n * w.chunk_size END,
      CASE WHEN NOT w.cursor THEN least(w.size, w.next_index + (n + 1) * w.chunk_size) END
    FROM window_left AS w, generate_series(0, w.fresh - 1) AS n
  ), issued AS (
    INSERT INTO noetl.command (execution_id, command_id, catalog_id, lane, step, loop_id, pool, from_index, to_index)
    SELECT w.execution_id, nextval('noetl.chunk_id'), w.catalog_id, 'chunk', w.step, w.loop_id, w.pool, r.from_index, r.to_index
    FROM window_left AS w, ranges AS r
    RETURNING execution_id, command_id, step, loop_id, from_index, to_index
  )
  SELECT c.completed, c.failed, c.size, c.state, i.* FROM counted AS c LEFT JOIN issued AS i ON true`;

interface Fenced {
  loop_id: Id;
  catalog_id: Id;
  step: string;
  attempt: number;
  base_event_id: Id;
}

type Counted = { completed: number; failed: number; size: number; state: string } & (
  | { command_id: null }
  | {
      execution_id: Id;
      command_id: Id;
      step: string;
      loop_id: Id;
      from_index: number | null;
      to_index: number | null;
    }
);

/** Throws RESULT_NOT_STORABLE when Postgres refuses one of the results; then nothing has changed. */
export async function finishChunk(store: Store, chunk: FinishedChunk): Promise<ChunkCommit> {
  const client = await store.pool.connect();
  let broken = false;
  try {
    await client.query('BEGIN');
    const commit = await finishIn(client, chunk);
    await client.query(commit.committed ? 'COMMIT' : 'ROLLBACK');
    return commit;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => (broken = true));
    throw storable(error);
  } finally {
    client.release(broken);
  }
}

async function finishIn(client: pg.PoolClient, chunk: FinishedChunk): Promise<ChunkCommit> {
  const { execution_id, command_id, worker_id, rows, remaining } = chunk;
  const fence = await client.query<Fenced>({
    name: 'fence-chunk',
    text: FENCE,
    values: [execution_id, command_id, worker_id],
  });
  const fenced = fence.rows[0];
  if (!fenced) return { committed: false };
  if (rows.length > 0) await copyIterations(client, { execution_id, command_id, worker_id, ...fenced }, rows);
  const failed = rows.reduce((sum, row) => sum + (row.status === 'FAILED' ? 1 : 0), 0);
  const counted = await client.query<Counted>({
    name: 'count-chunk',
    text: COUNT,
    values: [
      execution_id,
      fenced.loop_id,
      rows.length,
      failed,
      chunk.stop,
      remaining.map(([from]) => from),
      remaining.map(([, to]) => to),
      chunk.window,
      Math.max(1, chunk.chunk_size),
      chunk.ctx ? JSON.stringify(chunk.ctx) : null,
      chunk.drained === true,
    ],
  });
  const [first] = counted.rows;
  if (!first) throw new NoetlError('INTERNAL', `the loop of command ${command_id} has no row`);
  const issued = counted.rows.flatMap((row) => (row.command_id === null ? [] : [chunkCommand(row)]));
  const { completed, size, state } = first;
  return { committed: true, completed, failed: first.failed, size, filled: state === 'filled', issued };
}

/** SQLSTATE classes 22 (data exception) and 54 (limit exceeded) mean: a result is not storable. */
function storable(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string' || !/^(22|54)/.test(code)) return error;
  return new NoetlError('RESULT_NOT_STORABLE', `Postgres refuses a result: ${(error as Error).message}`, {
    cause: error,
  });
}

/** Whether Postgres takes this row's result: for finding the culprit of a refused chunk. */
export async function isStorable(store: Store, row: IterationRow): Promise<boolean> {
  try {
    const { result_text: result, item_text, meta_text } = row;
    const bytes =
      typeof result === 'string' ? Buffer.from(result) : result.bytes.subarray(result.from, result.to);
    await store.pool.query("SELECT convert_from($1, 'UTF8')::jsonb, $2::text, $3::jsonb", [
      bytes,
      item_text,
      meta_text ?? null,
    ]);
    return true;
  } catch (error) {
    if (storable(error) !== error) return false;
    throw error;
  }
}

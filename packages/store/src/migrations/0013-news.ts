/**
 * What has happened in an execution since an event, as a function with a plan of its own that is kept: the read
 * happens once a step, and Postgres would plan it anew each time, because it takes pruning of partitions at run time
 * for dear. (Read so it takes a quarter of a millisecond where planning alone took longer.) A plan that was made while
 * a partition was small must not read it as a whole when it is large.
 */
import { sql, type Migration } from 'kysely';

export const news: Migration = {
  async up(db) {
    await sql`
      CREATE FUNCTION noetl.news_since(of_execution bigint, since bigint) RETURNS TABLE (catalog_id bigint,
        last_event_id bigint, event_id bigint, event_type text, node_name text, status text, result jsonb, error text,
        meta jsonb, duration float8, command_id bigint, loop_id bigint)
      LANGUAGE plpgsql STABLE ROWS 3 SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
      #variable_conflict use_column
      BEGIN
        RETURN QUERY
        SELECT x.catalog_id, x.last_event_id, e.event_id, e.event_type, e.node_name, e.status, e.result, e.error,
          e.meta, e.duration, e.command_id, e.loop_id
        FROM noetl.execution AS x
          LEFT JOIN noetl.event AS e ON e.execution_id = of_execution AND e.event_id > since AND e.loop_name IS NULL
        WHERE x.execution_id = of_execution AND x.end_time IS NULL AND x.cancel_requested IS NULL
          AND x.snapshot_event_id <= since AND x.last_event_id >= since
        ORDER BY e.event_id;
      END $$`.execute(db);
  },
};

/** What only the owner of the tables may do, as functions that look themselves at whether it may be done. */
import { sql, type Migration } from 'kysely';

export const ownerFunctions: Migration = {
  async up(db) {
    await sql`
      CREATE FUNCTION noetl.make_event_partition(name text, from_id bigint, to_id bigint) RETURNS void
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = noetl, pg_temp AS $$
      BEGIN
        IF name !~ '^event_\\d{4}_\\d{2}_\\d{2}$' THEN
          RAISE EXCEPTION 'no name of a partition of events: %', name USING ERRCODE = 'invalid_parameter_value';
        END IF;
        EXECUTE format('CREATE TABLE noetl.%I PARTITION OF noetl.event FOR VALUES FROM (%L) TO (%L)', name, from_id, to_id);
      END $$`.execute(db);
    await sql`
      CREATE FUNCTION noetl.drop_event_partition(name text) RETURNS boolean
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = noetl, pg_temp AS $$
      DECLARE
        bound text[];
      BEGIN
        SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM [(]''([0-9]+)''[)] TO [(]''([0-9]+)''[)]') INTO bound
        FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'noetl.event'::regclass AND c.relname = name;
        IF bound IS NULL OR EXISTS (SELECT 1 FROM noetl.execution
          WHERE execution_id >= bound[1]::bigint AND execution_id < bound[2]::bigint AND expired_at IS NULL) THEN
          RETURN false;
        END IF;
        EXECUTE format('DROP TABLE noetl.%I', name);
        RETURN true;
      END $$`.execute(db);
    // Row by row, by the primary key: any other plan would read partitions as a whole.
    await sql`
      CREATE FUNCTION noetl.purge_events(ids bigint[], most int) RETURNS int
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = noetl, pg_temp
      SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
      DECLARE
        marked bigint[];
        deleted int;
      BEGIN
        SELECT array_agg(execution_id) INTO marked FROM noetl.execution
        WHERE execution_id = ANY (ids) AND expired_at IS NOT NULL;
        DELETE FROM noetl.event AS e USING (
          SELECT execution_id, event_id FROM noetl.event WHERE execution_id = ANY (marked) LIMIT most
        ) AS d WHERE e.execution_id = d.execution_id AND e.event_id = d.event_id;
        GET DIAGNOSTICS deleted = ROW_COUNT;
        RETURN deleted;
      END $$`.execute(db);
    // What happened yesterday can be hidden by nobody who only maintains.
    await sql`
      CREATE FUNCTION noetl.purge_audit(days float8, most int) RETURNS int
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = noetl, pg_temp AS $$
      DECLARE
        deleted int;
      BEGIN
        DELETE FROM noetl.audit WHERE audit_id IN (
          SELECT audit_id FROM noetl.audit WHERE time < now() - greatest(days, 1) * interval '1 day'
          ORDER BY time LIMIT most FOR UPDATE SKIP LOCKED);
        GET DIAGNOSTICS deleted = ROW_COUNT;
        RETURN deleted;
      END $$`.execute(db);
    await sql`
      CREATE FUNCTION noetl.analyze_events() RETURNS void
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = noetl, pg_temp AS $$
      BEGIN
        ANALYZE noetl.event;
      END $$`.execute(db);
  },
};

/** Logins with least privilege, and what we take from others: every attack is blocked. */
import { expect, test } from '@jest/globals';
import { DATABASE_ROLES, PRIVILEGES } from '@noetl/store';
import { startTestPostgres } from '../../postgres.ts';
import pg from 'pg';
import { runCorpora, summaryOf } from '../run.ts';
import { corpus as nats } from './nats.ts';
import { corpus as postgres } from './postgres.ts';
import { corpus as supply } from './supply.ts';

test.each([nats, postgres, supply])('$name', async (corpus) => {
  const { through, attacks } = summaryOf(await runCorpora([corpus]));
  expect(through).toEqual([]);
  expect(attacks).toBeGreaterThan(15);
});

test('every table has its line in the matrix of privileges', async () => {
  const database = await startTestPostgres();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class AS c WHERE c.relnamespace = 'noetl'::regnamespace AND c.relkind IN ('r', 'p')
     AND NOT c.relispartition AND c.relname NOT LIKE 'kysely%' ORDER BY 1`,
  );
  await client.end();
  await database.stop();
  expect(Object.keys(PRIVILEGES).sort()).toEqual(rows.map(({ name }) => name));
  expect(DATABASE_ROLES).toContain('reader');
});

/** Brings the database to the current schema; any number of processes may call it at once. */
import { Migrator, type Migration } from 'kysely';
import { NoetlError } from '@noetl/protocol';
import type { Store } from './database.ts';
import { initial } from './migrations/0001-initial.ts';
import { language } from './migrations/0002-language.ts';
import { limits } from './migrations/0003-limits.ts';
import { operations } from './migrations/0004-operations.ts';
import { redrive } from './migrations/0005-redrive.ts';
import { retention } from './migrations/0006-retention.ts';
import { stepDeadlines } from './migrations/0007-step-deadlines.ts';
import { traces } from './migrations/0008-traces.ts';
import { access } from './migrations/0009-access.ts';
import { ownerFunctions } from './migrations/0010-owner-functions.ts';
import { pools } from './migrations/0011-pools.ts';
import { keyIds } from './migrations/0012-key-ids.ts';
import { news } from './migrations/0013-news.ts';
import { ensurePartitions } from './partition.ts';

const MIGRATIONS: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-language': language,
  '0003-limits': limits,
  '0004-operations': operations,
  '0005-redrive': redrive,
  '0006-retention': retention,
  '0007-step-deadlines': stepDeadlines,
  '0008-traces': traces,
  '0009-access': access,
  '0010-owner-functions': ownerFunctions,
  '0011-pools': pools,
  '0012-key-ids': keyIds,
  '0013-news': news,
};

/** Returns the names of the migrations applied by this call. `nowMs`: Unix time, for the first event partitions. */
export async function migrate(store: Store, nowMs = Date.now()): Promise<string[]> {
  const migrator = new Migrator({
    db: store.db,
    migrationTableSchema: 'noetl',
    provider: { getMigrations: () => Promise.resolve(MIGRATIONS) },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new NoetlError('SERVICE_UNAVAILABLE', `the database could not be migrated: ${describe(error)}`, {
      cause: error,
    });
  }
  await ensurePartitions(store, nowMs);
  return (results ?? [])
    .filter((result) => result.status === 'Success')
    .map((result) => result.migrationName);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

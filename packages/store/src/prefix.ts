/** Rows whose path lies below one of some prefixes; the same rule as `isUnder` of the protocol. */
import { sql, type RawBuilder } from 'kysely';

export function isUnderOne(column: string, prefixes: readonly string[]): RawBuilder<boolean> {
  const path = sql.ref(column);
  return sql<boolean>`EXISTS (SELECT 1 FROM unnest(${[...prefixes]}::text[]) AS given (prefix)
    WHERE starts_with(${path}, given.prefix) OR ${path} || '/' = given.prefix)`;
}

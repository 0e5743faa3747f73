/**
 * Sealed rows say which master key they need, so that a change of keys can be followed and ended; versions of
 * credentials are never given twice, so that no old one can take the place of a newer one.
 */
import { CompiledQuery, type Kysely } from 'kysely';

const STATEMENTS = [
  `CREATE SEQUENCE noetl.credential_version`,
  `ALTER TABLE noetl.credential ADD COLUMN version bigint NOT NULL DEFAULT 0, ADD COLUMN kek_id text`,
  `UPDATE noetl.credential SET kek_id = data_encrypted::json ->> 'key'`,
  `ALTER TABLE noetl.execution ADD COLUMN webhook_kek_id text`,
  `UPDATE noetl.execution SET webhook_kek_id = (webhook ->> 'secret')::json ->> 'key'
    WHERE webhook ->> 'secret' IS NOT NULL`,
  `CREATE INDEX execution_webhook_kek ON noetl.execution (webhook_kek_id, execution_id)
    WHERE webhook_kek_id IS NOT NULL OR webhook ?| array['secret', 'headers']`,
];

export const keyIds = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await db.executeQuery(CompiledQuery.raw(statement));
  },
};

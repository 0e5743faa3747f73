/** The shape of the tables of tokens and of the audit log. */
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { Grant, Id } from '@noetl/protocol';

export interface ApiTokenTable {
  token_id: string;
  name: string;
  /** SHA-256 of the token as it is sent. */
  token_hash: Buffer;
  grants: ColumnType<Grant[], string, never>;
  created_by: string;
  created_at: Generated<Date>;
  expires_at: ColumnType<Date | null, Date | null | undefined, never>;
  revoked_at: Generated<Date | null>;
  last_used_at: Generated<Date | null>;
}

/** Nothing updates a row; only retention deletes one. */
export interface AuditTable {
  audit_id: GeneratedAlways<Id>;
  time: ColumnType<Date, undefined, never>;
  who: ColumnType<string, string, never>;
  via: ColumnType<string, string, never>;
  token_id: ColumnType<string | null, string | null, never>;
  action: ColumnType<string, string, never>;
  object: ColumnType<string | null, string | null, never>;
  request_id: ColumnType<string, string, never>;
  before_hash: ColumnType<string | null, string | null, never>;
  after_hash: ColumnType<string | null, string | null, never>;
  outcome: ColumnType<string, string, never>;
  status: ColumnType<number, number, never>;
}

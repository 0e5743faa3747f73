/** API tokens, of which only hashes are kept, and the audit log. */
import { CompiledQuery, type Kysely } from 'kysely';

const STATEMENTS = [
  `CREATE TABLE noetl.api_token (
    token_id text PRIMARY KEY,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    grants jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
  )`,
  `CREATE TABLE noetl.audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time timestamptz NOT NULL DEFAULT now(),
    who text NOT NULL,
    via text NOT NULL,
    token_id text,
    action text NOT NULL,
    object text,
    request_id text NOT NULL,
    before_hash text,
    after_hash text,
    outcome text NOT NULL,
    status int NOT NULL
  )`,
  `CREATE INDEX audit_time ON noetl.audit (time)`,
];

export const access = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await db.executeQuery(CompiledQuery.raw(statement));
  },
};

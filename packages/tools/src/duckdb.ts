/** The tool `duckdb`: SQL in an embedded database, in memory or in a file. */
import type { Json, JsonObject } from '@noetl/protocol';
import { withSession, type Session, type StatementResult } from './duckdb/session.ts';
import { secretsOf, type Secrets } from './duckdb/secrets.ts';
import { itemTool, type ToolCall } from './item-tool.ts';
import { textSetting } from './settings.ts';
import { SQL_SCHEMA, statementsOf } from './sql/source.ts';

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    database: { type: 'string', description: 'File of the database; default: in memory, for this call.' },
    db_path: { type: 'string', description: 'Another spelling of `database`.' },
    auth: {
      type: ['string', 'object'],
      description:
        'A credential, or {name: credential, …}: each becomes a DuckDB secret of that name (postgres, mysql, s3, gcs).',
    },
    ...SQL_SCHEMA,
  },
};

export const duckdb = itemTool({ kind: 'duckdb', schema: SCHEMA, timeout_s: 300, run });

async function run({ config, environment, signal }: ToolCall): Promise<Json> {
  const statements = statementsOf(config, 'duckdb');
  const database = textSetting(config, 'database', 'db_path') ?? ':memory:';
  const secrets = await secretsOf(environment, config['auth']);
  return withSession(database === '' ? ':memory:' : database, secrets.values, signal, (session) =>
    runStatements(session, secrets, statements),
  );
}

/** The result of every statement as `command_<n>`; the last one's also at the top. */
export async function runStatements(session: Session, secrets: Secrets, statements: string[]): Promise<Json> {
  for (const statement of secrets.statements) await session.run(statement);
  const results: StatementResult[] = [];
  for (const [index, statement] of statements.entries()) {
    results.push(await session.run(statement, { statement: index }));
  }
  const numbered = results.map((result, index) => [`command_${String(index)}`, result]);
  return {
    ...Object.fromEntries(numbered),
    ...results.at(-1),
    statement_count: results.length,
  } as JsonObject;
}

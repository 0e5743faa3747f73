/** The tool `duckdb`: SQL in an embedded database, in memory or in a file. */
import type { Json, JsonObject } from '@noetl/protocol';
import { forbidden } from './allowed.ts';
import { withSession, type Session, type StatementResult } from './duckdb/session.ts';
import { secretsOf, type Secrets } from './duckdb/secrets.ts';
import { itemTool, type ToolCall } from './item-tool.ts';
import { textSetting } from './settings.ts';
import { SQL_SCHEMA, statementsOf } from './sql/source.ts';
import type { Tool } from './tool.ts';

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

/** `files`: whether SQL may open files of the worker. */
export function duckdbTool(files: boolean): Tool {
  return itemTool({ kind: 'duckdb', schema: SCHEMA, timeout_s: 300, run: (call) => run(call, files) });
}

async function run({ config, environment, signal }: ToolCall, files: boolean): Promise<Json> {
  const statements = statementsOf(config, 'duckdb');
  const database = textSetting(config, 'database', 'db_path') ?? ':memory:';
  const secrets = await secretsOf(environment, config['auth']);
  const file = ['', ':memory:'].includes(database) ? undefined : database;
  if (file !== undefined && !files) throw forbidden('a database in a file', 'duckdb_files');
  return withSession(file ?? ':memory:', secrets.values, signal, (session) =>
    runStatements(session, secrets, statements, files),
  );
}

/** What keeps SQL from files of the worker. It cannot be taken back; what needs extensions has loaded them before. */
const WITHOUT_FILES = [
  'SET autoinstall_known_extensions = false',
  'SET autoload_known_extensions = false',
  "SET disabled_filesystems = 'LocalFileSystem'",
  'SET lock_configuration = true',
];

/** The result of every statement as `command_<n>`; the last one's also at the top. */
export async function runStatements(
  session: Session,
  secrets: Secrets,
  statements: string[],
  files: boolean,
): Promise<Json> {
  for (const statement of secrets.statements) await session.run(statement);
  if (!files) for (const statement of WITHOUT_FILES) await session.run(statement);
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

/** The tool `ducklake`: SQL of DuckDB on a lake, tables in files with a catalog in a database. */
import { NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { credentialOf, field } from './auth.ts';
import { runStatements } from './duckdb.ts';
import { hiddenIn, quotedName, quotedText } from './duckdb/secrets.ts';
import { withSession } from './duckdb/session.ts';
import { itemTool, type ToolCall } from './item-tool.ts';
import { requiredText, textSetting } from './settings.ts';
import { SQL_SCHEMA, statementsOf } from './sql/source.ts';
import type { Credential, Tool } from './tool.ts';

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    catalog_name: { type: 'string', description: 'Name of the lake in the SQL; it is the current database.' },
    catalog_connection: {
      type: 'string',
      description: 'Where its catalog is: a file, or `postgres:host=… dbname=…`; default: what `auth` says.',
    },
    data_path: { type: 'string', description: 'Where its data files are: a folder or a bucket.' },
    auth: { type: ['string', 'object'], description: 'A postgres credential, for the catalog.' },
    ...SQL_SCHEMA,
  },
  required: ['catalog_name'],
};

/** `files`: whether it may keep its catalog or its data in files of the worker. */
export function ducklakeTool(files: boolean): Tool {
  return itemTool({ kind: 'ducklake', schema: SCHEMA, timeout_s: 300, run: (call) => run(call, files) });
}

async function run({ config, environment, signal }: ToolCall, files: boolean): Promise<Json> {
  const statements = statementsOf(config, 'ducklake');
  const credential = await credentialOf(environment, config['auth']);
  const attach = attachStatements(config, credential);
  const hidden = credential ? hiddenIn(credential.data) : [];
  return withSession(':memory:', hidden, signal, (session) =>
    runStatements(session, { statements: attach, values: hidden }, statements, files),
  );
}

/** What makes the lake the current database. */
export function attachStatements(config: JsonObject, credential: Credential | undefined): string[] {
  const name = quotedName(requiredText(config, 'ducklake', 'catalog_name'));
  const connection = connectionOf(config, credential);
  const dataPath = textSetting(config, 'data_path');
  const options = dataPath === undefined ? '' : ` (DATA_PATH ${quotedText(dataPath)})`;
  return [
    'LOAD ducklake',
    `ATTACH ${quotedText(`ducklake:${connection.replace(/^ducklake:/, '')}`)} AS ${name}${options}`,
    `USE ${name}`,
  ];
}

/** What the connection text lacks, the credential adds. */
function connectionOf(config: JsonObject, credential: Credential | undefined): string {
  const written = textSetting(config, 'catalog_connection');
  if (!credential) {
    if (written !== undefined) return written;
    throw new NoetlError('TOOL_CONFIG', 'the ducklake tool needs `catalog_connection`, or `auth`');
  }
  const { data } = credential;
  const start = written?.replace(/^ducklake:/, '') ?? 'postgres:';
  if (!start.startsWith('postgres:')) return start;
  const parts: [string, string | undefined][] = [
    ['host', field(data, 'db_host', 'host')],
    ['port', field(data, 'db_port', 'port')],
    ['dbname', field(data, 'db_name', 'database', 'dbname')],
    ['user', field(data, 'db_user', 'user', 'username')],
    ['password', field(data, 'db_password', 'password')],
  ];
  const missing = parts.filter(([key, value]) => value !== undefined && !start.includes(`${key}=`));
  return [start, ...missing.map(([key, value]) => `${key}=${libpqText(value ?? '')}`)].join(' ').trim();
}

function libpqText(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&')}'`;
}

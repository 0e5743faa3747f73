/**
 * Where a credential leads, and nothing that it does not say itself: no variable, password file, socket or key of the
 * worker is used for a playbook's connection.
 */
import { NoetlError, type JsonObject } from '@noetl/protocol';
import type pg from 'pg';
import { parse } from 'pg-connection-string';
import { field } from '../auth.ts';

/** Parameters of a DSN that name files. */
const FILES = ['sslcert', 'sslkey', 'sslrootcert'];

/** Throws TOOL_CONFIG. */
export function connectionOf(data: JsonObject): pg.PoolConfig {
  const dsn = field(data, 'dsn', 'url', 'connection_string');
  const { password, ...config } = dsn === undefined ? fieldsOf(data) : dsnOf(dsn);
  if (typeof config.host !== 'string' || config.host === '') {
    throw new NoetlError('TOOL_CONFIG', 'the postgres credential has no `db_host`', {
      hint: 'Its data needs db_host, db_port, db_user, db_password and db_name.',
    });
  }
  if (config.host.startsWith('/') || config.host.startsWith('@'))
    throw refused('leads to a socket of the worker: only hosts can be reached');
  // As a function, an empty one counts: the driver would else look for one in the worker's environment and files.
  return { ...config, password: typeof password === 'string' && password !== '' ? password : () => '' };
}

function dsnOf(dsn: string): pg.PoolConfig {
  const query = /\?(.*)$/s.exec(dsn)?.[1] ?? '';
  const file = FILES.find((name) => new URLSearchParams(query).has(name));
  if (file !== undefined) throw refused(`names a file of the worker (\`${file}\`)`);
  const { user, password, host, port, database, ssl, options, application_name } = read(dsn);
  return {
    host: host ?? '',
    port: Number(port === undefined || port === null || port === '' ? 5432 : port),
    user: user === undefined || user === '' ? 'postgres' : user,
    database:
      database === undefined || database === null || database === '' ? (user ?? 'postgres') : database,
    ...(password !== undefined && { password }),
    ...(ssl !== undefined && { ssl: ssl as boolean }),
    ...(options !== undefined && { options }),
    ...(application_name !== undefined && { application_name }),
  };
}

function read(dsn: string): ReturnType<typeof parse> {
  try {
    return parse(dsn);
  } catch {
    throw refused('has a `dsn` that is no URL');
  }
}

function fieldsOf(data: JsonObject): pg.PoolConfig {
  const password = field(data, 'db_password', 'password');
  const sslmode = field(data, 'sslmode', 'ssl_mode') ?? 'disable';
  return {
    host: field(data, 'db_host', 'host', 'hostname') ?? '',
    port: Number(field(data, 'db_port', 'port') ?? 5432),
    user: field(data, 'db_user', 'user', 'username') ?? 'postgres',
    database: field(data, 'db_name', 'database', 'dbname') ?? 'postgres',
    ...(password !== undefined && { password }),
    ...(['require', 'prefer'].includes(sslmode) && { ssl: { rejectUnauthorized: false } }),
    ...(sslmode.startsWith('verify') && { ssl: true }),
  };
}

function refused(what: string): NoetlError {
  return new NoetlError('TOOL_CONFIG', `the postgres credential ${what}`);
}

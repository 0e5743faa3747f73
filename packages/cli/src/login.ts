/**
 * The tokens that `noetl login` keeps: one for each server, in one file of the user's own that nobody else can read.
 * NOETL_TOKEN goes before them.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { isJsonObject } from '@noetl/protocol';
import { CliFailure } from './failure.ts';

type Tokens = Record<string, string>;

function fileOf(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CONFIG_HOME'] ?? env['APPDATA'] ?? join(homedir(), '.config');
  return join(base, 'noetl', 'tokens.json');
}

/** The token for a server: NOETL_TOKEN, else the one that was kept; undefined without any. */
export function tokenFor(server: string, env = process.env): string | undefined {
  const given = env['NOETL_TOKEN'];
  return given !== undefined && given !== '' ? given : readTokens(fileOf(env))[keyOf(server)];
}

/** Keeps a token, or forgets it; returns the name of the file. Says nothing of what was there. */
export function keepToken(server: string, token: string | undefined, env = process.env): string {
  const file = fileOf(env);
  const { [keyOf(server)]: _, ...others } = readTokens(file);
  const tokens = token === undefined ? others : { ...others, [keyOf(server)]: token };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Never there with wider rights, and never half written.
  const part = `${file}.${String(process.pid)}`;
  writeFileSync(part, `${JSON.stringify(tokens, null, 2)}\n`, { mode: 0o600 });
  renameSync(part, file);
  return file;
}

/** `http://localhost:8082/` and `http://localhost:8082` are one server. */
function keyOf(server: string): string {
  return URL.canParse(server) ? new URL(server).origin : server;
}

function readTokens(file: string): Tokens {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return {};
    throw unreadable(file, error);
  }
  try {
    const tokens: unknown = JSON.parse(text);
    if (isJsonObject(tokens)) return tokens as Tokens;
  } catch (error) {
    throw unreadable(file, error);
  }
  throw unreadable(file, undefined);
}

function unreadable(file: string, cause: unknown): CliFailure {
  const hint = 'Delete it and sign in again: noetl login.';
  return new CliFailure('TOKENS_UNREADABLE', `${file} cannot be read`, { hint, cause });
}

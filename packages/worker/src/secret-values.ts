/** Which values of a credential are secrets. What is not known to be none is one. */
import { isJsonObject, type Json } from '@noetl/protocol';

/** Facts that stand beside secrets, and are none: hiding them would spoil results that happen to hold the same words. */
const PLAIN_FIELDS =
  /^(db_|sf_|nats_|pg_|aws_)?(host|hostname|port|user|user_?name|login|name|database|dbname|schema|sslmode|ssl_mode|warehouse|account|role|region|bucket|type|token_type|scope|audience|grant_type|method|algorithm|header|header_name|key_name|param|in|location|client_id|client_email|project_id|description|expires_in|expires_at|content-type|accept|user-agent)$/i;
const SECRET_FIELDS = /pass|secret|token|key|credential|dsn|webhook|^(value|pwd|pin|auth)$/i;
/** A word in a field of another name tells where or how, and would be found in any result. */
const PLAIN_WORD = /^([A-Z]?[a-z]+|[A-Z]+)([-_ .]([A-Z]?[a-z]+|[A-Z]+))*$/;
/** Whatever a credential puts into headers of its own is there to get in. */
const HEADERS = /^headers$/i;
/** What databases come with: nothing is given away, and words of results would be taken. */
const DEFAULTS = new Set(['postgres', 'postgresql', 'password', 'changeme', 'administrator']);
const SECRET_PARAMETERS = /token|key|secret|pass|pwd|sig/i;

/** Every secret text in the data of a credential, or in what a keychain entry has become. */
export function secretValues(data: Json): string[] {
  const plain = new Set<string>();
  const found: string[] = [];
  collect(data, undefined, { plain, found });
  return found.filter((value) => !plain.has(value) && !DEFAULTS.has(value.toLowerCase()));
}

interface Found {
  plain: Set<string>;
  found: string[];
}

function collect(value: Json, name: string | undefined, into: Found): void {
  if (typeof value === 'string') collectText(value, name, into);
  else if (typeof value === 'number' && name !== undefined && !PLAIN_FIELDS.test(name))
    into.found.push(String(value));
  else if (Array.isArray(value)) for (const item of value) collect(item, name, into);
  else if (isJsonObject(value))
    for (const [key, item] of Object.entries(value)) collect(item, nameOf(key, name), into);
}

function nameOf(key: string, parent: string | undefined): string {
  return parent !== undefined && HEADERS.test(parent) && !PLAIN_FIELDS.test(key) ? 'secret' : key;
}

function collectText(text: string, name: string | undefined, into: Found): void {
  if (name !== undefined && PLAIN_FIELDS.test(name)) into.plain.add(text);
  else if (isAddress(text)) collectAddress(text, name, into);
  else if (isJsonText(text)) collectJson(text, into);
  else if (name === undefined || SECRET_FIELDS.test(name) || !PLAIN_WORD.test(text)) into.found.push(text);
}

function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text);
}

/** An address is a secret as a whole when it says who may come; else it is a fact. */
function collectAddress(text: string, name: string | undefined, { found }: Found): void {
  const { username, password, searchParams } = new URL(text);
  const inside = [...searchParams].filter(([key]) => SECRET_PARAMETERS.test(key)).map(([, value]) => value);
  if (password !== '') inside.push(password, decoded(password));
  // A token in place of a user.
  else if (username !== '') inside.push(username, decoded(username));
  if (inside.length > 0 || (name !== undefined && /dsn|webhook|secret/i.test(name))) found.push(text);
  found.push(...inside);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isJsonText(text: string): boolean {
  return /^\s*\{/.test(text);
}

/** A key file in one field: as a whole, and what is in it. */
function collectJson(text: string, into: Found): void {
  into.found.push(text);
  try {
    collect(JSON.parse(text) as Json, undefined, into);
  } catch {
    // It only looks like JSON.
  }
}

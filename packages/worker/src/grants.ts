/**
 * Which credentials an execution may open: those that its playbook's text names, and those that whoever started it
 * chose, where the text leaves the choice to a workload key. Data that comes up on the way (items, answers of servers,
 * rows) cannot choose one, whatever templates make of it.
 */
import type { Playbook } from '@noetl/playbook';
import { isJsonObject, NoetlError, type Context, type Id, type Json, type JsonObject } from '@noetl/protocol';

/** What a playbook's text says of credentials. */
interface Written {
  names: Set<string>;
  /** Texts before a template in a place that names credentials: `pg_` of `auth: "pg_{{ region }}"`. */
  prefixes: string[];
  /** Words in templates of such places: workload keys that may hold a name. */
  keys: Set<string>;
}

/** An execution, as far as grants ask for it. */
export interface GrantedTo {
  playbook: Playbook;
  payload: JsonObject;
  parent_execution_id: Id | null;
}

type Lookup = (executionId: Id) => Promise<GrantedTo>;

/** Keys whose values name credentials. */
const PLACES = /auth|cred|secret|^ref$|^map$/i;
/** A shorter beginning would leave the choice to the data after all. */
const PREFIX_MIN = 3;
const TEMPLATE = /\{\{.*?\}\}|\{%.*?%\}/gs;
const QUOTED = /'([^'\n]{1,200})'|"([^"\n]{1,200})"/g;
/** A child that was started by a child, and so on. */
const DEPTH_MAX = 64;

const read = new WeakMap<Playbook, Written>();

/** Throws CREDENTIAL_NOT_GRANTED. `lookup` reads the executions above, and is asked only where a payload decides. */
export async function checkGrant(name: string, execution: GrantedTo, lookup: Lookup): Promise<void> {
  let at = execution;
  for (let depth = 0; depth < DEPTH_MAX; depth += 1) {
    const written = writtenIn(at.playbook);
    if (isWritten(name, written)) return;
    if (!isChosen(name, at.payload, written)) break;
    // What a playbook hands to its child must be its own to give.
    if (at.parent_execution_id === null) return;
    at = await lookup(at.parent_execution_id);
  }
  throw new NoetlError(
    'CREDENTIAL_NOT_GRANTED',
    `the playbook ${at.playbook.path} does not name the credential "${name}"`,
    { kind: 'auth' },
  );
}

export function grantedTo(playbook: Playbook, context: Context): GrantedTo {
  const { payload, parent_execution_id = null } = context;
  return { playbook, payload, parent_execution_id };
}

function isWritten(name: string, { names, prefixes }: Written): boolean {
  return names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

/** Keys of the request stand bare, or under `workload` or `ctx`. */
function isChosen(name: string, { workload, ctx, ...bare }: JsonObject, { keys }: Written): boolean {
  const given = [bare, workload, ctx].filter(isJsonObject).flatMap((part) => Object.entries(part));
  return given.some(([key, value]) => (keys.has(key) || PLACES.test(key)) && holds(value ?? null, name));
}

function holds(value: Json, name: string): boolean {
  if (typeof value === 'string') return namesOf(value).includes(name);
  if (Array.isArray(value)) return value.some((item) => holds(item, name));
  return isJsonObject(value) && Object.values(value).some((item) => holds(item ?? null, name));
}

function writtenIn(playbook: Playbook): Written {
  let written = read.get(playbook);
  if (!written) {
    written = { names: new Set(), prefixes: [], keys: new Set() };
    collect(playbook as unknown as Json, false, written);
    read.set(playbook, written);
  }
  return written;
}

function collect(value: Json, isPlace: boolean, written: Written): void {
  if (typeof value === 'string') collectText(value, isPlace, written);
  else if (Array.isArray(value)) for (const item of value) collect(item, isPlace, written);
  else if (isJsonObject(value))
    for (const [key, item] of Object.entries(value))
      collect(item ?? null, isPlace || PLACES.test(key), written);
}

function collectText(text: string, isPlace: boolean, { names, prefixes, keys }: Written): void {
  for (const name of namesOf(text)) names.add(name);
  for (const [, single, double] of text.matchAll(QUOTED)) names.add(single ?? double ?? '');
  if (!isPlace) return;
  const [first] = text.matchAll(TEMPLATE);
  if (!first) return;
  const prefix = text.slice(0, first.index).trim();
  if (prefix.length >= PREFIX_MIN && !prefix.includes('{')) prefixes.push(prefix);
  for (const [template] of text.matchAll(TEMPLATE))
    for (const [word] of template.matchAll(/[A-Za-z_]\w*/g)) keys.add(word);
}

/** A text that names a credential: by its name, or by the path of a secret in a secret manager. */
function namesOf(text: string): string[] {
  const name = text.trim();
  if (!name.includes('/')) return [name];
  const secret = /\/secrets\/([^/]+)/.exec(name)?.[1];
  return [name, ...(secret === undefined ? [] : [secret]), name.split('/').at(-1) ?? name];
}

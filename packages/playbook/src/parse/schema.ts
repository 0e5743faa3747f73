/** The shape of a playbook for ajv: types and required keys; meaning is checked while normalising. */
import { Ajv, type ErrorObject } from 'ajv';
import type { Json } from '@noetl/protocol';
import { suggestion, type Findings } from './faults.ts';
import type { Path } from './yaml.ts';

const mapping = { type: 'object' };
const listOf = (items: object): object => ({ type: 'array', items });

const STEP = {
  type: 'object',
  required: ['step'],
  properties: {
    step: { type: 'string', minLength: 1 },
    tool: { type: ['object', 'array', 'string', 'null'], minItems: 1 },
    loop: {
      type: ['object', 'null'],
      properties: { iterator: { type: 'string', minLength: 1 }, spec: mapping },
    },
    set: { type: ['object', 'array', 'null'] },
    vars: { type: ['object', 'null'] },
    output: { type: ['object', 'null'] },
    spec: { type: ['object', 'null'] },
    next: { type: ['object', 'array', 'string', 'null'] },
    case: {
      type: ['array', 'null'],
      items: { type: 'object' },
    },
  },
};

const PLAYBOOK = {
  type: 'object',
  required: ['metadata', 'workflow'],
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: {
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string', minLength: 1 }, path: { type: 'string', minLength: 1 } },
    },
    workload: { type: ['object', 'null'] },
    vars: { type: ['object', 'null'] },
    keychain: { type: ['array', 'null'], items: mapping },
    workbook: { type: ['array', 'null'], items: mapping },
    executor: { type: ['object', 'null'] },
    workflow: { ...listOf(STEP), minItems: 1 },
  },
};

const validate = new Ajv({
  allErrors: true,
  strict: true,
  strictTypes: false,
  allowUnionTypes: true,
}).compile(PLAYBOOK);

/** False when the shape is wrong; what is wrong is among the faults. */
export function checkShape(value: Json, findings: Findings): boolean {
  if (validate(value)) return true;
  for (const error of validate.errors ?? []) {
    const path = pathOf(error);
    findings.fault('PLAYBOOK_INVALID', path, sentence(error, path), hintOf(error, value, path));
  }
  return false;
}

/** How to write the keys that must be there. */
const EXAMPLES: Record<string, string> = {
  metadata: 'Add `metadata: {name: my_playbook, path: folder/my_playbook}`.',
  workflow: 'Add `workflow:` with a list of steps.',
  name: 'Add `name:` with a name for the playbook.',
  step: 'Give the step a name: `- step: fetch`.',
  when: 'Add `when:` with a condition.',
};

/** For a missing key: the one that may be misspelt, or an example. */
function hintOf({ keyword, params }: ErrorObject, value: Json, path: Path): string | undefined {
  if (keyword !== 'required') return undefined;
  const missing = (params as { missingProperty: string }).missingProperty;
  const parent = path.reduce<unknown>((node, key) => (node as Record<string | number, unknown>)[key], value);
  const keys = Object.keys(parent as object);
  const misspelt = keys.find((key) => !keys.includes(missing) && suggestion(key, [missing]) !== undefined);
  return misspelt === undefined ? EXAMPLES[missing] : `Is "${misspelt}" meant to be "${missing}"?`;
}

function pathOf(error: ErrorObject): Path {
  const keys = error.instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}

const ARTICLES: Record<string, string> = {
  object: 'a mapping',
  array: 'a list',
  string: 'text',
  null: 'nothing',
  integer: 'a whole number',
};

function sentence({ keyword, params, instancePath }: ErrorObject, path: Path): string {
  const what = path.length === 0 ? 'the playbook' : `"${String(path.at(-1))}"`;
  const given = params as { missingProperty?: string; type?: string | string[]; limit?: number };
  if (keyword === 'required')
    return `the key "${given.missingProperty ?? ''}" is missing${path.length === 0 ? '' : ` in ${instancePath.slice(1).replaceAll('/', '.')}`}`;
  if (keyword === 'type') {
    const types = Array.isArray(given.type) ? given.type : String(given.type).split(',');
    return `${what} must be ${types.map((type) => ARTICLES[type] ?? type).join(' or ')}`;
  }
  if (keyword === 'minItems' || keyword === 'minLength') return `${what} must not be empty`;
  return `${what} is not as it should be`;
}

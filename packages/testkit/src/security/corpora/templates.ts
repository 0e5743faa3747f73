/**
 * Attacks by template: ways out to the host's objects, work and text without end, keys that change prototypes, and
 * data that hopes to be rendered a second time.
 */
import { NoetlError, type Context, type Json } from '@noetl/protocol';
import { render, renderCode, renderNative, renderText, scopeOf } from '@noetl/playbook';
import type { Attack, Corpus, Outcome } from '../corpus.ts';
import { BUDGETS, ESCAPES, REACHED_BY } from './template-tables.ts';

/** Where a successful attack would leave its mark. */
const CANARY = 'noetl_canary';
/** In data: rendered again it would say 49, and read what the template does not name. */
const SECOND = '{{ 7 * 7 }}{{ secret }}{% set x = secret %}';
const SECRET = 'only-for-the-author';
const TEXT_MAX = 1024 * 1024;

const context: Context = {
  execution_id: '1',
  catalog_id: '1',
  path: 'p',
  vars: {
    text: 'x',
    list: [1],
    map: { a: 1, b: { c: 1 } },
    n: 1,
    data: SECOND,
    secret: SECRET,
    json: '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}',
    names: { __proto__: null, key: '__proto__', value: { polluted: 1 } },
    long: 'ab'.repeat(100_000),
    numbers: Array.from({ length: 20_000 }, (_, index) => index),
  },
  steps: { start: { data: SECOND, rows: [{ a: SECOND }] } },
  step_kinds: {},
  args: { data: SECOND },
  payload: { data: SECOND },
  last: 'start',
};

const ITEM = { text: SECOND, nested: [{ deep: SECOND }], [SECOND]: 1 };

const scope = scopeOf(context, { item: ITEM, iter: { item: ITEM }, output: { data: SECOND }, now_ms: 0 });

export const corpus: Corpus = {
  name: 'templates',
  open: () => Promise.resolve({ attacks, close: () => Promise.resolve() }),
};

const attacks: Attack[] = [
  ...ESCAPES.flatMap((text) => [
    attack(`value of ${text}`, () => escaped(() => renderNative(text, scope))),
    attack(`text of ${text}`, () => escaped(() => renderText(`x${text}`, scope))),
  ]),
  ...BUDGETS.map((text) =>
    attack(`budget: ${text.slice(0, 80)}`, () => bounded(() => renderNative(text, scope))),
  ),
  ...BUDGETS.filter((text, index) => text.startsWith('{{') && index % 3 === 0).map((text) =>
    attack(`budget in code: ${text.slice(0, 80)}`, () =>
      bounded(() => renderCode(`x = ${text} + ${text}`, scope)),
    ),
  ),
  ...REACHED_BY.flatMap((name) => [
    attack(`second rendering of {{ ${name} }}`, () => renderedOnce(`{{ ${name} }}`)),
    attack(`second rendering inside text of ${name}`, () => renderedOnce(`a {{ ${name} }} b`)),
    attack(`second rendering of ${name} by two passes`, () => renderedOnce(`{{ ${name} }}`, 'twice')),
  ]),
  attack('__proto__ from JSON in a configuration', () => polluted('{{ json | fromjson }}')),
  attack('__proto__ as a rendered key', () => polluted({ '{{ names.key }}': { polluted: 1 } })),
  attack('__proto__ as a key of a mapping', () => polluted("{{ {'__proto__': {'polluted': 1}} }}")),
  attack('__proto__ as a name of dict()', () => polluted("{{ dict(__proto__={'polluted': 1}) }}")),
  attack('__proto__ as an argument', () =>
    polluted("{{ list | join(__proto__={'attribute': 'polluted'}) }}"),
  ),
];

function attack(name: string, attempt: () => Outcome): Attack {
  return { name, attempt: () => Promise.resolve().then(attempt) };
}

/** Nothing but data came out, nothing of the host is in its text, and nothing was run. */
function escaped(work: () => Json | undefined): Outcome {
  const { value, refusal } = resultOf(work);
  const ran = Object.hasOwn(globalThis, CANARY);
  Reflect.deleteProperty(globalThis, CANARY);
  if (ran) return { blocked: false, how: 'the code of the template was run' };
  if (refusal) return refusal;
  // A function prints as this word and nothing else of it.
  const text = (typeof value === 'string' ? value : JSON.stringify(value ?? null)).replace(
    /(<|\\u003c)function(>|\\u003e)/g,
    '',
  );
  const leak = !isData(value) || /native code|\[object|=>|function\b|v\d+\.\d+\.\d+|Symbol\(/.test(text);
  return leak
    ? { blocked: false, how: `it gave ${text.slice(0, 100)}` }
    : { blocked: true, how: 'undefined, or data' };
}

/** Refused, or done with no more text than one template may make. */
function bounded(work: () => Json | undefined): Outcome {
  const { value, refusal } = resultOf(work);
  if (refusal) return refusal;
  const size = (typeof value === 'string' ? value : JSON.stringify(value ?? null)).length;
  return { blocked: size <= TEXT_MAX, how: `${String(size)} characters` };
}

/** The data still holds its braces wherever it went, and the secret is nowhere. */
function renderedOnce(template: string, passes: 'once' | 'twice' = 'once'): Outcome {
  const first = render({ value: template }, scope);
  // What one step renders is data for the next one.
  const again = scopeOf({ ...context, vars: { secret: SECRET, handed: first } });
  const value = passes === 'once' ? first : render({ value: '{{ handed.value }}' }, again);
  const text = JSON.stringify(value);
  const blocked = text.includes('7 * 7') && !text.includes('49') && !text.includes(SECRET);
  return { blocked, how: blocked ? 'the text stayed as it was' : text.slice(0, 200) };
}

/** No object has a key that its data did not give it. */
function polluted(template: Json): Outcome {
  const { value, refusal } = resultOf(() => render({ config: template }, scope));
  const everywhere = ({} as { polluted?: unknown }).polluted;
  Reflect.deleteProperty(Object.prototype, 'polluted');
  if (everywhere !== undefined) return { blocked: false, how: 'Object.prototype was changed' };
  if (refusal) return refusal;
  const { config } = value as { config: { polluted?: unknown } };
  const blocked = config.polluted === undefined && isData(config);
  return { blocked, how: blocked ? 'the key is data' : 'the prototype of the result was changed' };
}

function resultOf(work: () => Json | undefined): { value?: Json | undefined; refusal?: Outcome } {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof NoetlError && error.code.startsWith('TEMPLATE_'))
      return { refusal: { blocked: true, how: error.code } };
    const name = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { refusal: { blocked: false, how: `the host's own error came out: ${name.slice(0, 100)}` } };
  }
}

/** True for JSON made of plain objects and lists. */
function isData(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || prototype === Object.prototype || prototype === Array.prototype;
  return isPlain && Object.values(value).every(isData);
}

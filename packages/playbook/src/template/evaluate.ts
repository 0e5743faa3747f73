/** Evaluates one expression of the syntax tree that `@huggingface/jinja` parses. Lazy: nothing is wrapped or copied. */
import { isJsonObject, NoetlError } from '@noetl/protocol';
import type { Environment } from './environment.ts';
import { FILTERS } from './filters/index.ts';
import { callMethod } from './methods.ts';
import { binary, truthy } from './operators.ts';
import { printed } from './print.ts';
import { TESTS, type Test } from './tests.ts';
import {
  bare,
  Callable,
  float,
  Group,
  holeOf,
  Namespace,
  ownProperty,
  Range,
  scalarOf,
  setOwn,
  StepView,
  type Arguments,
} from './value.ts';

/** A node of the tree, as far as we read it. */
export interface Node {
  type: string;
  [key: string]: unknown;
}

const CONSTANTS: Record<string, unknown> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  null: null,
};

export function evaluate(environment: Environment, node: Node): unknown {
  environment.spend();
  const handler = HANDLERS[node.type];
  if (!handler) throw new NoetlError('TEMPLATE_SYNTAX', `${node.type} is not supported in templates`);
  return environment.nested(() => handler(environment, node));
}

type Handler = (environment: Environment, node: Node) => unknown;

const HANDLERS: Record<string, Handler> = {
  Identifier: (environment, node) => identifier(environment, node['value'] as string),
  StringLiteral: (_, node) => node['value'],
  IntegerLiteral: (_, node) => node['value'],
  FloatLiteral: (_, node) => float(node['value'] as number),
  ArrayLiteral: (environment, node) => (node['value'] as Node[]).map((item) => evaluate(environment, item)),
  TupleLiteral: (environment, node) => (node['value'] as Node[]).map((item) => evaluate(environment, item)),
  ObjectLiteral: objectLiteral,
  MemberExpression: member,
  CallExpression: call,
  FilterExpression: (environment, node) =>
    filter(environment, evaluate(environment, node['operand'] as Node), node['filter'] as Node),
  TestExpression: test,
  SelectExpression: (environment, node) =>
    truthy(evaluate(environment, node['test'] as Node))
      ? evaluate(environment, node['lhs'] as Node)
      : undefined,
  Ternary: (environment, node) =>
    evaluate(
      environment,
      node[truthy(evaluate(environment, node['condition'] as Node)) ? 'trueExpr' : 'falseExpr'] as Node,
    ),
  UnaryExpression: unary,
  BinaryExpression: logicalOrBinary,
};

function identifier(environment: Environment, name: string): unknown {
  const value = environment.lookup(name);
  if (value !== undefined) return value;
  if (Object.hasOwn(CONSTANTS, name)) return CONSTANTS[name];
  return Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
}

function objectLiteral(environment: Environment, node: Node): unknown {
  const entries = Array.from(node['value'] as Map<Node, Node>, ([key, value]) => [
    environment.print(evaluate(environment, key)),
    evaluate(environment, value),
  ]);
  return Object.fromEntries(entries) as unknown;
}

function member(environment: Environment, node: Node): unknown {
  const object = evaluate(environment, node['object'] as Node);
  const property = node['property'] as Node;
  if (property.type === 'SliceExpression') return slice(environment, object, property);
  const computed = node['computed'] === true || property.type !== 'Identifier';
  const key = computed ? evaluate(environment, property) : property['value'];
  return getMember(environment, object, key);
}

/** Undefined where there is nothing: references chain. Dictionary keys win over methods. */
export function getMember(environment: Environment, object: unknown, key: unknown): unknown {
  if (object === undefined || object === null) return undefined;
  if (typeof key === 'string') {
    if (object instanceof StepView) {
      const found =
        key.startsWith('_') && isJsonObject(object.value) ? ownProperty(object.value, key) : undefined;
      if (found !== undefined) return found;
      const value = object.get(key);
      return value === undefined ? storedMember(environment, object, key) : value;
    }
    // Of a hole, what stands beside its reference: facts of the stored value, and selected fields.
    const beside =
      isJsonObject(object) && (key.startsWith('_') || holeOf(object)) ? ownProperty(object, key) : undefined;
    if (beside !== undefined) return beside;
    const opened = environment.open(object);
    if (opened instanceof Group) return opened.get(key);
    return isJsonObject(opened) ? ownProperty(opened, key) : undefined;
  }
  if (typeof key !== 'number') return undefined;
  const opened = environment.open(object instanceof StepView ? object.sequence() : object);
  if (opened instanceof Range)
    return key >= -opened.count && key < opened.count
      ? opened.at(key < 0 ? opened.count + key : key)
      : undefined;
  if (Array.isArray(opened)) return opened.at(key) as unknown;
  if (typeof opened === 'string') return characterAt(environment, opened, key);
  return isJsonObject(opened) ? ownProperty(opened, String(key)) : undefined;
}

/** Characters count, not the halves that the host keeps some of them in. */
function characterAt(environment: Environment, text: string, at: number): string | undefined {
  environment.spend(text.length >> 6);
  if (!/[\ud800-\udfff]/.test(text)) return text.at(at);
  environment.spend(text.length);
  return Array.from(text).at(at);
}

/** A key inside parts of a step's value that are kept elsewhere. */
function storedMember(environment: Environment, view: StepView, key: string): unknown {
  for (const part of view.stored()) {
    if (!holeOf(part)) continue;
    const opened = environment.open(part);
    const found = isJsonObject(opened) ? ownProperty(opened, key) : undefined;
    if (found !== undefined) return found;
    if (!isJsonObject(opened) && (key === 'data' || key === 'result')) return part;
  }
  return undefined;
}

function slice(environment: Environment, object: unknown, property: Node): unknown {
  const bound = (name: string): number | undefined => {
    const node = property[name] as Node | undefined;
    const value = node ? evaluate(environment, node) : undefined;
    return typeof value === 'number' ? value : undefined;
  };
  const opened = environment.open(object instanceof StepView ? object.sequence() : object);
  if (opened === undefined || opened === null) return undefined;
  if (typeof opened === 'string') environment.spend(opened.length >> 4);
  const items = typeof opened === 'string' ? Array.from(opened) : Array.from(environment.iterate(opened));
  const taken = sliced(items, bound('start'), bound('stop'), bound('step') ?? 1);
  return typeof opened === 'string' ? taken.join('') : taken;
}

/** As Python slices: negative bounds count from the end, a negative step goes down from `start`. */
function sliced(
  items: unknown[],
  start: number | undefined,
  stop: number | undefined,
  step: number,
): unknown[] {
  if (step === 0) throw new NoetlError('TEMPLATE_ERROR', 'the step of a slice cannot be zero');
  const [lowest, highest] = step > 0 ? [0, items.length] : [-1, items.length - 1];
  const clamped = (bound: number | undefined, absent: number): number =>
    bound === undefined
      ? absent
      : Math.min(highest, Math.max(lowest, bound < 0 ? bound + items.length : bound));
  const taken: unknown[] = [];
  const [from, to] = [
    clamped(start, step > 0 ? lowest : highest),
    clamped(stop, step > 0 ? highest : lowest),
  ];
  for (let at = from; step > 0 ? at < to : at > to; at += step) taken.push(items[at]);
  return taken;
}

function call(environment: Environment, node: Node): unknown {
  const callee = node['callee'] as Node;
  const args = argumentsOf(environment, node['args'] as Node[]);
  if (callee.type === 'MemberExpression' && callee['computed'] !== true) {
    const object = evaluate(environment, callee['object'] as Node);
    const name = (callee['property'] as Node)['value'] as string;
    const own = getMember(environment, object, name);
    if (own instanceof Callable) return own.call(args);
    return callMethod(environment, object, name, args, (value, key) => getMember(environment, value, key));
  }
  const target = evaluate(environment, callee);
  if (target instanceof Callable) return target.call(args);
  const name = callee.type === 'Identifier' ? String(callee['value']) : 'this value';
  throw new NoetlError('TEMPLATE_ERROR', `${name} is not a function that templates can call`);
}

function argumentsOf(environment: Environment, nodes: Node[]): Arguments {
  const args: Arguments = { positional: [], named: {} };
  for (const node of nodes) {
    if (node.type === 'KeywordArgumentExpression') {
      setOwn(
        args.named,
        (node['key'] as Node)['value'] as string,
        evaluate(environment, node['value'] as Node),
      );
    } else if (node.type === 'SpreadExpression') {
      args.positional.push(...environment.iterate(evaluate(environment, node['argument'] as Node)));
    } else {
      args.positional.push(evaluate(environment, node));
    }
  }
  return args;
}

function filter(environment: Environment, operand: unknown, node: Node): unknown {
  const named = node.type === 'CallExpression' ? (node['callee'] as Node) : node;
  const args =
    node.type === 'CallExpression'
      ? argumentsOf(environment, node['args'] as Node[])
      : { positional: [], named: {} };
  const name = named['value'] as string;
  const asTest = /^is (not )?(.*)$/.exec(name);
  if (asTest)
    return (
      testOf(asTest[2] ?? '')(environment, scalarOf(operand), args.positional) !== (asTest[1] !== undefined)
    );
  return applyFilter(environment, name, operand, args);
}

/** Throws TEMPLATE_ERROR when there is no such filter. Texts are counted on their way in, and bounded on their way out. */
export function applyFilter(
  environment: Environment,
  name: string,
  operand: unknown,
  args: Arguments,
): unknown {
  const apply = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (!apply) throw new NoetlError('TEMPLATE_ERROR', `there is no filter "${name}"`);
  const value = scalarOf(operand);
  if (typeof value === 'string') environment.spend(value.length >> 6);
  const result = apply(environment, PRINTING.has(name) ? value : bare(value), args);
  return typeof result === 'string' ? environment.text(result) : result;
}

/** Filters for which `2.0` is not `2`; the others take numbers as they are. */
const PRINTING = new Set(['string', 'tojson', 'to_json', 'pprint', 'default', 'd', 'safe', 'round']);

function test(environment: Environment, node: Node): unknown {
  const check = testOf((node['test'] as Node)['value'] as string);
  const operand = scalarOf(evaluate(environment, node['operand'] as Node));
  return check(environment, operand, []) !== (node['negate'] === true);
}

function testOf(name: string): Test {
  const check = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
  if (!check) throw new NoetlError('TEMPLATE_ERROR', `there is no test "${name}"`);
  return check;
}

function unary(environment: Environment, node: Node): unknown {
  const operator = (node['operator'] as { value: string }).value;
  const value = evaluate(environment, node['argument'] as Node);
  if (operator === 'not') return !truthy(value);
  return operator === '-' ? binary(environment, '-', 0, value) : value;
}

function logicalOrBinary(environment: Environment, node: Node): unknown {
  const operator = (node['operator'] as { value: string }).value;
  if (COMPARISONS.has(operator)) return chained(environment, node, operator).holds;
  const left = evaluate(environment, node['left'] as Node);
  if (operator === 'and') return truthy(left) ? evaluate(environment, node['right'] as Node) : left;
  if (operator === 'or') return truthy(left) ? left : evaluate(environment, node['right'] as Node);
  return binary(environment, operator, left, evaluate(environment, node['right'] as Node));
}

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=', 'in', 'not in']);

function comparesTo(node: Node): string | undefined {
  const operator = node.type === 'BinaryExpression' ? (node['operator'] as { value: string }).value : '';
  return COMPARISONS.has(operator) ? operator : undefined;
}

/** `a < b < c` is `a < b and b < c`, with `b` evaluated once. Gives the truth so far and the last operand. */
function chained(environment: Environment, node: Node, operator: string): { holds: boolean; last: unknown } {
  const left = node['left'] as Node;
  const inner = comparesTo(left);
  const before = inner === undefined ? undefined : chained(environment, left, inner);
  if (before?.holds === false) return before;
  const first = before ? before.last : evaluate(environment, left);
  const last = evaluate(environment, node['right'] as Node);
  return { holds: truthy(binary(environment, operator, first, last)), last };
}

function dictOf({ positional: [given], named }: Arguments): Record<string, unknown> {
  const pairs = Array.isArray(given) ? (given as [unknown, unknown][]) : [];
  const entries = pairs.map(([key, value]) => [printed(key), value] as const);
  return { ...(isJsonObject(given) ? given : {}), ...Object.fromEntries(entries), ...named };
}

/** Functions every template knows; what needs a clock or a secret comes with the scope. */
const FUNCTIONS: Record<string, Callable> = {
  range: new Callable(({ positional }) => {
    const numbers = positional.map(Number);
    const [start, stop] = numbers.length === 1 ? [0, numbers[0]] : [numbers[0], numbers[1]];
    const step = numbers[2] ?? 1;
    const range = new Range(start ?? 0, stop ?? 0, step);
    if (step === 0 || !Number.isInteger(range.count))
      throw new NoetlError('TEMPLATE_ERROR', 'range needs whole numbers');
    return range;
  }),
  dict: new Callable(dictOf),
  namespace: new Callable((args) => {
    const created = new Namespace();
    for (const [name, value] of Object.entries(dictOf(args))) setOwn(created, name, value);
    return created;
  }),
};

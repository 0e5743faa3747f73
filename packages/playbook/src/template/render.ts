/** Rendering: whole expressions keep their types, mixed text becomes text. What was rendered is never rendered again. */
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { ALL_INPUTS, type Condition } from '../document.ts';
import { compileExpression, compileTemplate, replaceExpressions, type CompiledTemplate } from './compile.ts';
import { Environment, guarded, type Scope } from './environment.ts';
import { evaluate as evaluateNode, getMember, type Node } from './evaluate.ts';
import { truthy } from './operators.ts';
import { located } from './located.ts';
import { nativeOf } from './native.ts';
import { representation } from './print.ts';
import { Callable, Namespace, ownProperty, scalarOf, setOwn } from './value.ts';

/**
 * Renders every string in a value. A string that is one `{{ expression }}` gives the expression's own value (a hole
 * stays a hole, undefined becomes null); text that comes out as a JSON list or object is read as one. Errors tell the
 * place: `at`, and the keys below it.
 */
export function render(value: Json, scope: Scope, at = ''): Json {
  if (typeof value === 'string') return located(at, value, () => renderNative(value, scope) ?? null);
  if (Array.isArray(value)) return value.map((item, index) => render(item, scope, `${at}[${String(index)}]`));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const place = at === '' ? key : `${at}.${key}`;
      return [located(place, key, () => renderKey(key, scope)), render(item, scope, place)];
    }),
  );
}

/** Inputs by name: what a template in place of the mapping gives, and the entries beside it. */
export function renderInputs(inputs: JsonObject, scope: Scope, without: JsonObject = {}): JsonObject {
  const rendered: JsonObject = {};
  for (const [name, template] of Object.entries(inputs)) {
    if (Object.hasOwn(without, name)) continue;
    const value = render(template, scope, `input.${name}`);
    if (name !== ALL_INPUTS) setOwn(rendered, name, value);
    else if (isJsonObject(value))
      for (const [key, item] of Object.entries(value)) setOwn(rendered, key, item);
    else if (value !== null)
      throw new NoetlError('TEMPLATE_ERROR', `${jsonText(template)} must give a mapping of inputs`);
  }
  return { ...rendered, ...without };
}

/** As {@link render} for one string, but undefined stays undefined. */
export function renderNative(text: string, scope: Scope): Json | undefined {
  const template = compileTemplate(text);
  if (template.literal) return text;
  const { expression } = template;
  if (expression) return guarded(() => nativeOf(expressionValue(template, scope)));
  return coerced(textOf(template, scope));
}

/** Always text: for URLs, SQL, messages. */
export function renderText(text: string, scope: Scope): string {
  const template = compileTemplate(text);
  return template.literal ? text : textOf(template, scope);
}

/** Text forms that mean "no" when a condition comes out as text. */
const FALSE_TEXTS = new Set(['', 'false', '0', 'no', 'none', 'null', 'off', '{}', '[]']);

export function evaluate(condition: Condition, scope: Scope): boolean {
  if (typeof condition === 'boolean') return condition;
  return located('when', condition, () => holds(condition, scope));
}

function holds(condition: string, scope: Scope): boolean {
  const template = compileExpression(condition);
  const value = scalarOf(template.expression ? expressionValue(template, scope) : textOf(template, scope));
  if (typeof value === 'string') return !FALSE_TEXTS.has(value.trim().toLowerCase());
  return truthy(value);
}

/**
 * Renders the templates in program text: values print as literals on one line, an expression that cannot be read
 * stays as it is (programs use braces, too). A text that is one expression becomes that expression's text.
 */
export function renderCode(code: string, scope: Scope): string {
  if (!code.includes('{{')) return code;
  if (/^\s*\{\{[^{}]*\}\}\s*$/.test(code)) return renderText(code, scope);
  const environment = new Environment(scope);
  return replaceExpressions(code, (expression) => {
    let template: CompiledTemplate;
    try {
      template = compileTemplate(expression);
    } catch {
      return expression;
    }
    if (!template.expression) return expression;
    return guarded(() => {
      const value = environment.printable(expressionValue(template, scope));
      const text =
        typeof value === 'string' ? insideQuotes(value) : value === undefined ? '' : representation(value);
      return environment.written(text);
    });
  });
}

/** Text for the middle of a program's string literal: neither kind of quote can end it. */
function insideQuotes(text: string): string {
  const quoted = representation(text);
  const inner = quoted.slice(1, -1);
  // `representation` escapes the quote it chose; the other one is escaped here.
  return quoted.startsWith("'") ? inner.replaceAll('"', '\\"') : inner.replaceAll("'", "\\'");
}

function renderKey(key: string, scope: Scope): string {
  return key.includes('{{') ? renderText(key, scope) : key;
}

function expressionValue(template: CompiledTemplate, scope: Scope): unknown {
  return guarded(() => expressionOf(template, scope));
}

function expressionOf(template: CompiledTemplate, scope: Scope): unknown {
  const environment = new Environment(scope);
  if (!template.path) return evaluateNode(environment, template.expression as Node);
  const [head, ...rest] = template.path as [string, ...string[]];
  let value = environment.lookup(head);
  if (value === undefined)
    return rest.length > 0 ? undefined : evaluateNode(environment, template.expression as Node);
  for (const key of rest) value = getMember(environment, value, key);
  return value;
}

function textOf(template: CompiledTemplate, scope: Scope): string {
  return guarded(() => bodyText(new Environment(scope), template.body));
}

export function bodyText(environment: Environment, body: Node[]): string {
  let text = '';
  for (const node of body) text = environment.appended(text, nodeText(environment, node));
  return text;
}

function nodeText(environment: Environment, node: Node): string {
  switch (node.type) {
    case 'If': {
      const taken = truthy(evaluateNode(environment, node['test'] as Node)) ? 'body' : 'alternate';
      return bodyText(environment, node[taken] as Node[]);
    }
    case 'For':
      return forText(environment, node);
    case 'Set':
      return assign(environment, node);
    case 'Macro':
      return macro(environment, node);
    case 'FilterStatement':
      return filtered(environment, node);
    case 'Comment':
      return '';
    default:
      return environment.inserted(node) ?? environment.print(evaluateNode(environment, node));
  }
}

function assign(environment: Environment, node: Node): string {
  const assignee = node['assignee'] as Node;
  const value = node['value']
    ? evaluateNode(environment, node['value'] as Node)
    : environment.capture(() => bodyText(environment, node['body'] as Node[]));
  if (assignee.type === 'MemberExpression') {
    const target = evaluateNode(environment, assignee['object'] as Node);
    const name = (assignee['property'] as Node)['value'] as string;
    if (!(target instanceof Namespace))
      throw new NoetlError('TEMPLATE_SYNTAX', `{% set %} of "${name}" needs a namespace()`);
    setOwn(target, name, value);
    return '';
  }
  for (const [name, item] of bind(assignee, value)) environment.assign(name, item);
  return '';
}

/** `{% macro name(a, b=1) %}`: a function whose result is the text of its body. */
function macro(environment: Environment, node: Node): string {
  const parameters = (node['args'] as Node[]).map((parameter) => {
    const isNamed = parameter.type === 'KeywordArgumentExpression';
    const name = (isNamed ? (parameter['key'] as Node) : parameter)['value'] as string;
    return { name, fallback: isNamed ? (parameter['value'] as Node) : undefined };
  });
  const called = new Callable(({ positional, named }) => {
    const locals = new Map<string, unknown>();
    for (const [index, { name, fallback }] of parameters.entries()) {
      const given = index < positional.length ? positional[index] : ownProperty(named, name);
      locals.set(name, given === undefined && fallback ? evaluateNode(environment, fallback) : given);
    }
    return environment.capture(() =>
      environment.withLocals(locals, () => bodyText(environment, node['body'] as Node[])),
    );
  });
  environment.assign((node['name'] as Node)['value'] as string, called);
  return '';
}

/** `{% filter upper %}…{% endfilter %}`. */
function filtered(environment: Environment, node: Node): string {
  const operand = {
    type: 'StringLiteral',
    value: environment.capture(() => bodyText(environment, node['body'] as Node[])),
  };
  const expression = { type: 'FilterExpression', operand, filter: node['filter'] };
  return environment.inserted(expression) ?? environment.print(evaluateNode(environment, expression));
}

/** What a round takes besides its body: names of its own, and `loop`. */
const ROUND_COST = 4;

function forText(environment: Environment, node: Node): string {
  const iterable = node['iterable'] as Node;
  const filtered = iterable.type === 'SelectExpression' ? (iterable['test'] as Node) : undefined;
  const source = evaluateNode(environment, filtered ? (iterable['lhs'] as Node) : iterable);
  const rounds: Map<string, unknown>[] = [];
  const items: unknown[] = [];
  for (const item of environment.iterate(source)) {
    const names = bind(node['loopvar'] as Node, item);
    const wanted =
      !filtered || environment.withLocals(names, () => truthy(evaluateNode(environment, filtered)));
    if (!wanted) continue;
    environment.spend(ROUND_COST);
    rounds.push(names);
    items.push(item);
  }
  if (rounds.length === 0) return bodyText(environment, node['defaultBlock'] as Node[]);
  let text = '';
  for (const [index, names] of rounds.entries()) {
    const length = rounds.length;
    names.set('loop', {
      index: index + 1,
      index0: index,
      revindex: length - index,
      revindex0: length - index - 1,
      first: index === 0,
      last: index === length - 1,
      length,
      depth: 1,
      depth0: 0,
      previtem: items[index - 1],
      nextitem: items[index + 1],
      cycle: new Callable(({ positional }) => positional[index % positional.length]),
    });
    text = environment.appended(
      text,
      environment.withLocals(names, () => bodyText(environment, node['body'] as Node[])),
    );
  }
  return text;
}

function bind(loopvar: Node, item: unknown): Map<string, unknown> {
  if (loopvar.type === 'Identifier') return new Map([[loopvar['value'] as string, item]]);
  const names = (loopvar['value'] as Node[]).map((name) => name['value'] as string);
  return new Map(names.map((name, index) => [name, Array.isArray(item) ? item[index] : undefined]));
}

/** Text that is a JSON list or object as that; anything else as it is. */
function coerced(text: string): Json {
  const trimmed = text.trim();
  if (!/^(\[.*\]|\{.*\})$/s.test(trimmed)) return text;
  try {
    return JSON.parse(trimmed) as Json;
  } catch {
    return text;
  }
}

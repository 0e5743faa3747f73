/** Text to template, parsed once per text. The grammar is `@huggingface/jinja`'s; evaluation is ours. */
import * as jinja from '@huggingface/jinja';
import { LRUCache } from 'lru-cache';
import { NoetlError } from '@noetl/protocol';
import { guarded } from './environment.ts';
import type { Node } from './evaluate.ts';

export interface CompiledTemplate {
  source: string;
  /** No `{{` or `{%` in it: the text stands for itself. */
  literal: boolean;
  /** Set when the whole text is one `{{ expression }}`: its value keeps its type. */
  expression?: Node;
  /** `a.b.c`, when the expression is nothing else: resolved without the evaluator. */
  path?: string[];
  body: Node[];
}

const compiled = new LRUCache<string, CompiledTemplate>({
  max: 5_000,
  maxSize: 16 * 1024 * 1024,
  sizeCalculation: (_, text) => text.length + 64,
});

interface Token {
  type: string;
  value: string;
}

/** The two functions of the grammar that we use. */
const GRAMMAR = jinja as unknown as {
  tokenize(source: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }): Token[];
  parse(tokens: Token[]): { body: Node[] };
};

const MARKS = /\{\{|\{%|\{#/;

/** Throws TEMPLATE_SYNTAX. */
export function compileTemplate(source: string): CompiledTemplate {
  if (!MARKS.test(source)) return { source, literal: true, body: [] };
  const known = compiled.get(source);
  if (known) return known;
  const template = build(source);
  compiled.set(source, template);
  return template;
}

/** A condition may be written without braces; it is then an expression as it stands. */
export function compileExpression(source: string): CompiledTemplate {
  return compileTemplate(MARKS.test(source) ? source : `{{ ${source} }}`);
}

function build(source: string): CompiledTemplate {
  const trimmed = source.trim();
  const single = trimmed.startsWith('{{') && trimmed.endsWith('}}') ? parseText(trimmed) : undefined;
  if (single?.length === 1 && single[0]) {
    const path = guarded(() => pathOf(single[0] as Node));
    return { source, literal: false, expression: single[0], ...(path && { path }), body: single };
  }
  return { source, literal: false, body: parseText(source) };
}

function parseText(source: string): Node[] {
  try {
    const tokens = GRAMMAR.tokenize(source, { lstrip_blocks: false, trim_blocks: false });
    return GRAMMAR.parse(testsAsFilters(tokens)).body;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Parser Error: /, '') : String(error);
    throw new NoetlError('TEMPLATE_SYNTAX', `the template ${shorten(source)} cannot be read: ${reason}`);
  }
}

const LITERALS = new Set(['StringLiteral', 'NumericLiteral']);

/**
 * The grammar knows tests without arguments only. `x is name(args)` and `x is name literal` bind exactly as filters
 * do, so they become the filter `is name`, which the evaluator answers with the test.
 */
function testsAsFilters(tokens: Token[]): Token[] {
  const result: Token[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    const negated = tokens[at + 1]?.value === 'not';
    const name = tokens[at + (negated ? 2 : 1)];
    const argument = tokens[at + (negated ? 3 : 2)];
    const isTest = token.type === 'Identifier' && token.value === 'is' && name?.type === 'Identifier';
    const isCall = argument?.type === 'OpenParen';
    if (!isTest || !argument || !(isCall || LITERALS.has(argument.type))) {
      result.push(token);
      continue;
    }
    const filter = { type: 'Identifier', value: `is ${negated ? 'not ' : ''}${name.value}` };
    result.push({ type: 'Pipe', value: '|' }, filter);
    at += negated ? 2 : 1;
    if (isCall) continue;
    result.push({ type: 'OpenParen', value: '(' }, argument, { type: 'CloseParen', value: ')' });
    at += 1;
  }
  return result;
}

function shorten(source: string): string {
  const line = source.trim().replace(/\s+/g, ' ');
  return line.length > 120 ? `${line.slice(0, 117)}…` : line;
}

function pathOf(node: Node): string[] | undefined {
  if (node.type === 'Identifier') return [node['value'] as string];
  const property = node['property'] as Node | undefined;
  if (node.type !== 'MemberExpression' || node['computed'] === true || property?.type !== 'Identifier')
    return undefined;
  const object = pathOf(node['object'] as Node);
  return object && [...object, property['value'] as string];
}

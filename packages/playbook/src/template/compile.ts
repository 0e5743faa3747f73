/** Text to template, parsed once per text. The grammar is `@huggingface/jinja`'s; evaluation is ours. */
import * as jinja from '@huggingface/jinja';
import { LRUCache } from 'lru-cache';
import { NoetlError } from '@noetl/protocol';
import { guarded } from './environment.ts';
import type { Node } from './evaluate.ts';
import { shortened } from './located.ts';
import { tokensOf, type Token } from './tokens.ts';

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

/** The function of the grammar that we use. */
const GRAMMAR = jinja as unknown as { parse(tokens: Token[]): { body: Node[] } };

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

/**
 * Replaces the `{{ … }}` of a text, each up to its first `}}`. By hand: a pattern would look for the end again and
 * again in a text that has none.
 */
export function replaceExpressions(text: string, change: (expression: string) => string): string {
  let [result, from] = ['', 0];
  for (;;) {
    const start = text.indexOf('{{', from);
    const end = start < 0 ? -1 : text.indexOf('}}', start + 2);
    if (end < 0) return result + text.slice(from);
    result += text.slice(from, start) + change(text.slice(start, end + 2));
    from = end + 2;
  }
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
    return GRAMMAR.parse(tokensOf(source)).body;
  } catch (error) {
    if (error instanceof NoetlError) throw error;
    const reason = error instanceof Error ? error.message.replace(/^Parser Error: /, '') : String(error);
    throw new NoetlError('TEMPLATE_SYNTAX', `the template ${shortened(source)} cannot be read: ${reason}`);
  }
}

function pathOf(node: Node): string[] | undefined {
  if (node.type === 'Identifier') return [node['value'] as string];
  const property = node['property'] as Node | undefined;
  if (node.type !== 'MemberExpression' || node['computed'] === true || property?.type !== 'Identifier')
    return undefined;
  const object = pathOf(node['object'] as Node);
  return object && [...object, property['value'] as string];
}

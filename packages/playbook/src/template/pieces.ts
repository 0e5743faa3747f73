/**
 * Templates that are not rendered to one text, because what they insert must be told from what the author wrote: SQL.
 */
import type { Json } from '@noetl/protocol';
import { compileTemplate } from './compile.ts';
import { Environment, guarded, type Scope } from './environment.ts';
import { evaluate, type Node } from './evaluate.ts';
import { located } from './located.ts';
import { nativeOf } from './native.ts';
import { truthy } from './operators.ts';
import { bodyText } from './render.ts';

/** The value of one expression, with what its author says of it by its last filter. */
export interface Inserted {
  value: Json | undefined;
  /** As a template prints it. */
  text: string;
  /**
   * `sqlsafe`: SQL, by `| sqlsafe` or because the author wrote it as a literal; `identifier`: a name, quoted already;
   * `quoted`: text that the author put quotes around, which are not part of it; else a value.
   */
  as: 'value' | 'sqlsafe' | 'identifier' | 'quoted';
  /** What `| join('…')` at the end puts together. */
  list?: { items: Json[]; texts: string[]; separator: string };
}

/** Text that the author wrote, and values that expressions gave. */
export type Piece = string | Inserted;

/** Stands for an inserted value in the text while the template is evaluated; no database takes it in a text. */
const MARK = '\0';

/** Throws as {@link render} does; `at` is the place that errors tell. */
export function renderPieces(text: string, scope: Scope, at = ''): Piece[] {
  const template = compileTemplate(text);
  if (template.literal) return [text];
  const inserted: Inserted[] = [];
  const environment = new Environment(scope, (node) => {
    // What the author wrote, as text or as a literal.
    if (node.type === 'StringLiteral') return String(node['value']).replaceAll(MARK, '');
    inserted.push(insertedBy(environment, node));
    return MARK;
  });
  const body = located(at, text, () => guarded(() => bodyText(environment, template.body)));
  return body.split(MARK).flatMap((written, index) => {
    const value = inserted[index];
    const own = written === '' ? [] : [written];
    return value ? [...own, value] : own;
  });
}

function insertedBy(environment: Environment, written: Node): Inserted {
  const node = chosen(environment, written);
  if (!node) return { value: undefined, text: '', as: 'value' };
  if (node.type === 'StringLiteral') {
    const text = String(node['value']);
    return { value: text, text, as: 'sqlsafe' };
  }
  const quoted = quotedBy(environment, node);
  if (quoted !== undefined) return { value: quoted, text: environment.written(quoted), as: 'quoted' };
  const as = saidOf(node);
  const plain = as === 'value' && isEscapedByHand(node) ? (node['operand'] as Node) : node;
  const list = as === 'value' ? listOf(environment, node) : undefined;
  const value = evaluate(environment, plain);
  const text = environment.written(environment.print(value));
  return { value: nativeOf(value), text, as, ...(list && { list }) };
}

/** The branch of `… if … else …` that is taken; undefined where there is none. */
function chosen(environment: Environment, node: Node): Node | undefined {
  if (node.type === 'Ternary') {
    const taken = truthy(evaluate(environment, node['condition'] as Node)) ? 'trueExpr' : 'falseExpr';
    return chosen(environment, node[taken] as Node);
  }
  if (node.type !== 'SelectExpression') return node;
  return truthy(evaluate(environment, node['test'] as Node))
    ? chosen(environment, node['lhs'] as Node)
    : undefined;
}

/** The text within `"'" ~ x ~ "'"`. */
function quotedBy(environment: Environment, node: Node): string | undefined {
  const parts = concatenated(node);
  const [first, last] = [parts[0], parts.at(-1)];
  const isQuoted = first?.type === 'StringLiteral' && last?.type === 'StringLiteral' && parts.length > 2;
  if (!isQuoted || first['value'] !== "'" || last['value'] !== "'") return undefined;
  return parts
    .slice(1, -1)
    .map((part) => (isEscapedByHand(part) ? (part['operand'] as Node) : part))
    .map((part) => environment.print(evaluate(environment, part)))
    .join('');
}

function concatenated(node: Node): Node[] {
  const operator = node.type === 'BinaryExpression' ? (node['operator'] as { value: string }).value : '';
  if (operator !== '~' && operator !== '+') return [node];
  return [...concatenated(node['left'] as Node), ...concatenated(node['right'] as Node)];
}

/** Items of a list that a plain `| join('…')` makes text of. */
function listOf(environment: Environment, node: Node): Inserted['list'] {
  const filter = filterOf(node);
  const [separator, ...more] = filter?.args ?? [];
  if (filter?.name !== 'join' || separator?.type !== 'StringLiteral' || more.length > 0) return undefined;
  const items = Array.from(environment.iterate(evaluate(environment, node['operand'] as Node)));
  return {
    items: items.map((item) => nativeOf(item) ?? null),
    texts: items.map((item) => environment.print(item)),
    separator: String(separator['value']),
  };
}

function saidOf(node: Node): Inserted['as'] {
  const name = filterOf(node)?.name;
  return name === 'sqlsafe' || name === 'identifier' ? name : 'value';
}

/** `| replace("'", "''")` at the end: quotes are doubled where the text is put in, not twice. */
function isEscapedByHand(node: Node): boolean {
  const filter = filterOf(node);
  const [from, to, ...more] = filter?.args ?? [];
  const isText = (argument: Node | undefined, text: string): boolean =>
    argument?.type === 'StringLiteral' && argument['value'] === text;
  return filter?.name === 'replace' && isText(from, "'") && isText(to, "''") && more.length === 0;
}

function filterOf(node: Node): { name: string; args: Node[] } | undefined {
  if (node.type !== 'FilterExpression') return undefined;
  const filter = node['filter'] as Node;
  if (filter.type !== 'CallExpression') return { name: String(filter['value']), args: [] };
  return { name: String((filter['callee'] as Node)['value']), args: filter['args'] as Node[] };
}

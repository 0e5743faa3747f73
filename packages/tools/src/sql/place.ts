/**
 * Puts the values of a template into its SQL. What the author wrote decides where a value stands, and so how it goes
 * in; no value can change that:
 *
 * - inside quotes, of text or of a name: escaped, so that it cannot end them;
 * - where a value may stand: a bind parameter; numbers, truth values and null are written out;
 * - where a name or a word must stand (`FROM {{ table }}`, `t_{{ suffix }}`): a plain name, or it is refused;
 * - in a comment: without what would end it;
 * - `| sqlsafe` and `| identifier` go in as they are, and so does an expression that is all there is.
 */
import type { Inserted, Piece } from '@noetl/playbook';
import { isJsonObject, jsonText, NoetlError, type Json } from '@noetl/protocol';
import { scan, type Fragment } from './scan.ts';

/** How text goes in where a value may stand: as a parameter, or as a quoted literal. */
export type Binding = 'parameters' | 'literals';

/** Statements in which Postgres takes parameters. */
const TAKES_PARAMETERS = /^(select|insert|update|delete|with|values|merge|table)$/i;
const NUMBER = /^-?\d{1,400}(\.\d{1,400})?(e[+-]?\d{1,3})?$/i;
const DIGITS = /^\d{1,400}$/;
const WORD = /^\w*$/;
const NAME = /^[A-Za-z_][\w$]{0,62}(\.[A-Za-z_][\w$]{0,62}){0,2}$/;
const CONSTANT = /^(true|false|null)$/i;

/**
 * SQL with `\0<JSON>\0` where a parameter stands. Throws SQL_UNSAFE for a value that would be SQL where the author did
 * not say so.
 */
export function placed(pieces: Piece[], binding: Binding): Json {
  const [only, ...others] = pieces.filter((piece) => typeof piece === 'object' || !/^[\s;]*$/.test(piece));
  if (typeof only === 'object' && others.length === 0)
    return Array.isArray(only.value) ? only.value : withoutMarks(only.text);
  return place(pieces, binding);
}

function place(pieces: Piece[], binding: Binding): string {
  let text = '';
  for (const fragment of scan(pieces)) {
    if (fragment.kind === 'dollar') text += dollarQuoted(fragment);
    else text += fragment.pieces.map((piece, at) => inserted(piece, fragment, at, binding)).join('');
  }
  return text;
}

function inserted(piece: Piece, fragment: Fragment, at: number, binding: Binding): string {
  if (typeof piece === 'string') return piece;
  const { text } = piece;
  switch (fragment.kind) {
    case 'text':
      return inQuotes(piece);
    case 'escape text':
      return withoutMarks(text).replaceAll('\\', '\\\\').replaceAll("'", "''");
    case 'name':
      return withoutMarks(text).replaceAll('"', '""');
    case 'comment':
      return withoutMarks(text).replace(/[\r\n]|\*\/|\/\*/g, ' ');
    default:
      return inCode(piece, fragment, at, binding);
  }
}

/** `'{{ names | join("','") }}'` is a list of texts: the separator is the author's. */
function inQuotes({ text, list }: Inserted): string {
  const isList = list && /^'\s*,\s*'$/.test(list.separator);
  const texts = isList ? list.texts : [text];
  return texts.map((each) => withoutMarks(each).replaceAll("'", "''")).join(isList ? list.separator : '');
}

function inCode(
  piece: Inserted,
  { pieces, place, statement }: Fragment,
  at: number,
  binding: Binding,
): string {
  const { text, as } = piece;
  if (as === 'sqlsafe' || as === 'identifier') return withoutMarks(text);
  const before = pieces.slice(0, at).at(-1);
  const after = pieces[at + 1];
  const previous = typeof before === 'string' ? before.slice(-1) : before ? '\0' : place.touches;
  const next = typeof after === 'string' ? after.slice(0, 1) : after ? '\0' : place.touchedBy;
  // A word right before a quote can change what the quotes mean: E'…', U&'…'.
  const isQuoteNext = next === "'" || next === '"';
  if (/[\w.$\0\u0080-\uffff]/.test(previous) || /[\w$.\0\u0080-\uffff]/.test(next)) {
    // Part of a name: nothing but letters, digits and underscores.
    if (WORD.test(text) && previous !== '$' && next !== '$' && !isQuoteNext) return text;
    throw unsafe(piece, 'is part of a name');
  }
  if (as === 'quoted') return literal(text);
  if (isValuePlace(place.words[at] ?? '')) return asValue(piece, place.words[at] ?? '', statement, binding);
  if (isPlain(piece.value)) return asValue(piece, place.words[at] ?? '', statement, binding);
  if ((text === '' || NAME.test(text) || DIGITS.test(text)) && !isQuoteNext) return text;
  throw unsafe(piece, 'stands where a name or a word of SQL is expected');
}

function isPlain(value: Json | undefined): boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

/** Words and marks after which a value may stand; what else there may be is a name, a type, or a word of SQL. */
const BEFORE_VALUES =
  /^([-+*/%^=<>!~@#&|?,([]|select|distinct|all|where|having|and|or|not|in|is|like|ilike|similar|between|values|limit|offset|when|then|else|case|returning|default|any|some|array|return|escape)$/i;

function isValuePlace(word: string): boolean {
  return BEFORE_VALUES.test(word);
}

function asValue({ value, text, list }: Inserted, word: string, statement: string, binding: Binding): string {
  if (list && /^\s*,\s*$/.test(list.separator)) {
    const items = list.items.map((item, at): Inserted => ({
      value: item,
      text: list.texts[at] ?? '',
      as: 'value',
    }));
    return items.map((item) => asValue(item, ',', statement, binding)).join(', ') || 'NULL';
  }
  if (value === undefined || value === null) return 'NULL';
  const isNumber = typeof value === 'number' ? Number.isFinite(value) : NUMBER.test(text);
  if (isNumber && typeof value !== 'boolean' && typeof value !== 'object') {
    const digits = typeof value === 'number' ? String(value) : text;
    // After an operator: two minus signs in a row would begin a comment.
    return digits.startsWith('-') && /^[-+*/%^=<>!~@#&|?]$/.test(word) ? `(${digits})` : digits;
  }
  if (typeof value === 'boolean' || (typeof value === 'string' && CONSTANT.test(value)))
    return text.toUpperCase();
  if (binding === 'parameters' && TAKES_PARAMETERS.test(statement)) return `\0${JSON.stringify(value)}\0`;
  return literal(typeof value === 'string' ? value : jsonText(value));
}

function literal(text: string): string {
  return `'${withoutMarks(text).replaceAll("'", "''")}'`;
}

/** A program (`DO`, the body of a function) is SQL of its own; anything else is text, under a tag that it does not hold. */
function dollarQuoted({ pieces, tag, statement }: Fragment): string {
  const isProgram = /^(do|create)$/i.test(statement);
  const inner = isProgram ? place(pieces, 'literals') : pieces.map(textOf).join('');
  if (!inner.includes(tag) && !`${inner}${tag}`.slice(0, -1).includes(tag)) return tag + inner + tag;
  let free = 0;
  while (inner.includes(`$noetl${String(free)}$`)) free += 1;
  return `$noetl${String(free)}$${inner}$noetl${String(free)}$`;
}

function textOf(piece: Piece): string {
  return typeof piece === 'string' ? piece : withoutMarks(piece.text);
}

/** No database takes this character in a text, and here it marks parameters. */
function withoutMarks(text: string): string {
  if (!text.includes('\0')) return text;
  throw new NoetlError('SQL_UNSAFE', 'a value in SQL holds the character U+0000', {
    hint: 'Remove the character before the value is put into SQL.',
  });
}

function unsafe({ value, text }: Inserted, why: string): NoetlError {
  const shown = isJsonObject(value) || Array.isArray(value) ? jsonText(value) : text;
  return new NoetlError('SQL_UNSAFE', `the value ${JSON.stringify(shown.slice(0, 60))} ${why}, and is none`);
}

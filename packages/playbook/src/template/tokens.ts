/** The tokens of a template, with what `@huggingface/jinja`'s lexer and parser leave out written in forms they know. */
import * as jinja from '@huggingface/jinja';
import { NoetlError } from '@noetl/protocol';

export interface Token {
  type: string;
  value: string;
}

const LEXER = jinja as unknown as {
  tokenize(source: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }): Token[];
};

const RAW_MARK = /\{%([-+]?)\s*(raw|endraw)\s*(-?)%\}/g;

/** The lexer looks at a run of blanks again from each of its places; brackets are read by recursion. */
const BLANKS_MAX = 1_000;
const NESTING_MAX = 200;
const TOKENS_MAX = 100_000;

export function tokensOf(source: string): Token[] {
  refuseRuns(source);
  const tokens = withRaw(source);
  refuseNesting(tokens);
  // The parser would take the words of a comprehension for items of the list.
  const isLoop = ({ type, value }: Token, at: number): boolean =>
    type === 'Identifier' && value === 'for' && !LOOPS_AFTER.has(tokens[at - 1]?.type ?? '');
  if (tokens.some(isLoop))
    throw new Error('`for` inside an expression: use the filters map, select and selectattr instead');
  return comparisonsMarked(testsAsFilters(numbersJoined(tokens)));
}

function refuseRuns(source: string): void {
  let run = 0;
  for (let at = 0; at < source.length; at += 1) {
    const code = source.charCodeAt(at);
    run = code <= 0x20 || (code >= 0x80 && source.charAt(at).trim() === '') ? run + 1 : 0;
    if (run > BLANKS_MAX)
      throw new NoetlError(
        'TEMPLATE_BUDGET',
        `a template has more than ${String(BLANKS_MAX)} blanks in a row`,
      );
  }
}

function refuseNesting(tokens: Token[]): void {
  if (tokens.length > TOKENS_MAX)
    throw new NoetlError('TEMPLATE_BUDGET', `a template has more than ${String(TOKENS_MAX)} words and marks`);
  let depth = 0;
  for (const { type } of tokens) {
    if (Object.hasOwn(OPENING, type)) depth += 1;
    else if (CLOSING.has(type)) depth -= 1;
    if (depth > NESTING_MAX) throw new NoetlError('TEMPLATE_BUDGET', 'a template is nested too deeply');
  }
}

const LOOPS_AFTER = new Set(['OpenStatement', 'Dot']);

/** What stands between `raw` and `endraw` is text; a hyphen at a mark takes the white space on its side. */
function withRaw(source: string): Token[] {
  const tokens: Token[] = [];
  let [from, isRaw, trims] = [0, false, false];
  for (const mark of source.matchAll(RAW_MARK)) {
    const [whole, before, name, after] = mark;
    if ((name === 'endraw') !== isRaw) continue;
    const piece = trimmed(source.slice(from, mark.index), trims, before === '-');
    tokens.push(...(isRaw ? [{ type: 'Text', value: piece }] : lexed(piece)));
    [from, isRaw, trims] = [mark.index + whole.length, !isRaw, after === '-'];
  }
  // Without its end, `raw` is left to the parser, which names it.
  return isRaw ? lexed(source) : [...tokens, ...lexed(trimmed(source.slice(from), trims, false))];
}

function trimmed(text: string, atStart: boolean, atEnd: boolean): string {
  const rest = atStart ? text.trimStart() : text;
  return atEnd ? rest.trimEnd() : rest;
}

function lexed(source: string): Token[] {
  return source === '' ? [] : LEXER.tokenize(source, { lstrip_blocks: false, trim_blocks: false });
}

/** `1e-7`, `1_000` and `0x1f` come as a number and a name (and a sign and a number). */
function numbersJoined(tokens: Token[]): Token[] {
  const result: Token[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    const [tail, sign, exponent] = tokens.slice(at + 1, at + 4);
    if (token.type !== 'NumericLiteral' || tail?.type !== 'Identifier') {
      result.push(token);
      continue;
    }
    const isSigned = /^e$/i.test(tail.value) && sign?.type === 'AdditiveBinaryOperator';
    const text =
      token.value +
      tail.value.replaceAll('_', '') +
      (isSigned ? `${sign.value}${exponent?.value ?? ''}` : '');
    const isNumber = !/^(if|else|or|and|in|is|not)$/.test(tail.value) && Number.isFinite(Number(text));
    result.push(isNumber ? { type: 'NumericLiteral', value: text } : token);
    if (isNumber) at += isSigned ? 3 : 1;
  }
  return result;
}

const OPENING: Record<string, string> = {
  OpenParen: 'CloseParen',
  OpenSquareBracket: 'CloseSquareBracket',
  OpenCurlyBracket: 'CloseCurlyBracket',
};
const CLOSING = new Set(Object.values(OPENING));
const OPERANDS = new Set(['StringLiteral', 'NumericLiteral', 'Identifier', ...Object.keys(OPENING)]);
const NO_OPERANDS = new Set(['if', 'else', 'and', 'or', 'not', 'is', 'in']);

/**
 * The grammar knows tests without arguments only. `x is name(args)` and `x is name operand` bind exactly as filters
 * do, so they become the filter `is name`, which the evaluator answers with the test.
 */
function testsAsFilters(tokens: Token[]): Token[] {
  const result: Token[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    const negated = tokens[at + 1]?.value === 'not';
    const name = tokens[at + (negated ? 2 : 1)];
    const start = at + (negated ? 3 : 2);
    const isTest = token.type === 'Identifier' && token.value === 'is' && isTestName(name);
    if (!isTest || !isOperand(tokens[start])) {
      result.push(token);
      continue;
    }
    const end = operandEnd(tokens, start);
    const filter = { type: 'Identifier', value: `is ${negated ? 'not ' : ''}${name?.value ?? ''}` };
    const operand = testsAsFilters(tokens.slice(start, end));
    const isCall = tokens[start]?.type === 'OpenParen' && name?.value !== 'in';
    const args = isCall ? operand : [{ type: 'OpenParen', value: '(' }, ...operand, CLOSE];
    result.push({ type: 'Pipe', value: '|' }, filter, ...args);
    at = end - 1;
  }
  return result;
}

const CLOSE: Token = { type: 'CloseParen', value: ')' };

/** Operators are tests, too: `n is == 5`. */
function isTestName(token: Token | undefined): boolean {
  return token?.type === 'Identifier' || token?.type === 'ComparisonBinaryOperator';
}

function isOperand(token: Token | undefined): boolean {
  if (token === undefined || !OPERANDS.has(token.type)) return false;
  return token.type !== 'Identifier' || !NO_OPERANDS.has(token.value);
}

/** Index after one name, literal or bracket, with the look-ups and calls that follow it. */
function operandEnd(tokens: Token[], start: number): number {
  let at = bracketEnd(tokens, start);
  for (;;) {
    const type = tokens[at]?.type ?? '';
    if (type === 'Dot') at += 2;
    else if (type === 'OpenParen' || type === 'OpenSquareBracket') at = bracketEnd(tokens, at);
    else return at;
  }
}

function bracketEnd(tokens: Token[], start: number): number {
  if (!Object.hasOwn(OPENING, tokens[start]?.type ?? '')) return start + 1;
  let depth = 0;
  for (let at = start; at < tokens.length; at += 1) {
    const { type } = tokens[at] as Token;
    if (Object.hasOwn(OPENING, type)) depth += 1;
    if (CLOSING.has(type)) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return tokens.length;
}

/**
 * `(a < b) == c` and `a < b == c` give the same tree, but only the second is a chain. The filter `safe`, which
 * changes nothing, marks what stood in parentheses.
 */
function comparisonsMarked(tokens: Token[]): Token[] {
  return tokens.flatMap((token, at) => {
    const follows = tokens[at + 1];
    const compares = follows?.type === 'ComparisonBinaryOperator' || follows?.value === 'in';
    const isMarked = token.type === 'CloseParen' && (compares || follows?.value === 'not');
    return isMarked ? [token, { type: 'Pipe', value: '|' }, { type: 'Identifier', value: 'safe' }] : [token];
  });
}

/** Cuts SQL text into statements, and finds its parameters: quotes, dollar quotes and comments are respected. */

/** A stretch of SQL that is code, or quoted text or a comment, in which nothing has a meaning. */
interface Piece {
  kind: 'code' | 'quoted' | 'comment';
  text: string;
}

const STRING = /(?:(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$))/sy;
const DOLLAR = /(?<![\w$])\$([A-Za-z_]\w*)?\$/y;
const LINE_COMMENT = /--[^\n]*/y;
/** A parameter that a template stands for. */
const INSERTED = /\0[^\0]*\0/y;

/** Statements in order, without their semicolons; pieces that hold only comments and blanks are left out. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let text = '';
  let hasCode = false;
  const close = (): void => {
    if (hasCode) statements.push(text.trim());
    text = '';
    hasCode = false;
  };
  for (const piece of pieces(sql)) {
    if (piece.kind !== 'code') {
      text += piece.text;
      hasCode ||= piece.kind === 'quoted';
      continue;
    }
    const parts = piece.text.split(';');
    for (const [index, part] of parts.entries()) {
      if (index > 0) close();
      text += part;
      hasCode ||= part.trim() !== '';
    }
  }
  close();
  return statements;
}

/** Applies `change` to the code of a statement, never to quoted text and comments. */
export function replaceInCode(sql: string, change: (code: string) => string): string {
  return pieces(sql)
    .map((piece) => (piece.kind === 'code' ? change(piece.text) : piece.text))
    .join('');
}

function pieces(sql: string): Piece[] {
  const found: Piece[] = [];
  let code = '';
  const take = (kind: Piece['kind'], text: string): void => {
    if (code !== '') found.push({ kind: 'code', text: code });
    code = '';
    found.push({ kind, text });
  };
  for (let at = 0; at < sql.length;) {
    const quoted = matchAt(INSERTED, sql, at) ?? matchAt(STRING, sql, at) ?? dollarQuoted(sql, at);
    const comment =
      quoted === undefined ? (matchAt(LINE_COMMENT, sql, at) ?? blockComment(sql, at)) : undefined;
    const special = quoted ?? comment;
    if (special === undefined) {
      code += sql[at] as string;
      at += 1;
    } else {
      take(quoted === undefined ? 'comment' : 'quoted', special);
      at += special.length;
    }
  }
  if (code !== '') found.push({ kind: 'code', text: code });
  return found;
}

function matchAt(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

function dollarQuoted(sql: string, at: number): string | undefined {
  const tag = matchAt(DOLLAR, sql, at);
  if (tag === undefined) return undefined;
  const end = sql.indexOf(tag, at + tag.length);
  return end < 0 ? sql.slice(at) : sql.slice(at, end + tag.length);
}

/** Postgres nests block comments. */
function blockComment(sql: string, at: number): string | undefined {
  if (!sql.startsWith('/*', at)) return undefined;
  let depth = 0;
  for (let index = at; index < sql.length; index += 1) {
    if (sql.startsWith('/*', index)) depth += 1;
    else if (sql.startsWith('*/', index)) depth -= 1;
    else continue;
    index += 1;
    if (depth === 0) return sql.slice(at, index + 1);
  }
  return sql.slice(at);
}

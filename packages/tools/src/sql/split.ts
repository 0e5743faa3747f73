/** SQL text to statements: split at `;` outside of quotes, dollar quotes and comments. */

/**
 * Statements without their `;`; pieces of nothing but comments are dropped. `E'…'` strings know backslash escapes,
 * block comments nest. Text that is not closed runs to the end, so that the database says what is wrong with it.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let hasCode = false;
  const cut = (end: number) => {
    if (hasCode) statements.push(sql.slice(start, end).trim());
    start = end + 1;
    hasCode = false;
  };
  for (let at = 0; at < sql.length;) {
    const comment = commentEnd(sql, at);
    if (comment !== undefined) {
      at = comment;
      continue;
    }
    const char = sql.charAt(at);
    if (char === ';') cut(at);
    else if (!/\s/.test(char)) hasCode = true;
    at = quoteEnd(sql, at) ?? at + 1;
  }
  cut(sql.length);
  return statements;
}

/** After the comment that starts here. */
function commentEnd(sql: string, at: number): number | undefined {
  if (sql.startsWith('--', at)) {
    const end = sql.indexOf('\n', at);
    return end === -1 ? sql.length : end + 1;
  }
  if (!sql.startsWith('/*', at)) return undefined;
  let depth = 1;
  const marks = /\/\*|\*\//g;
  marks.lastIndex = at + 2;
  for (let mark = marks.exec(sql); mark; mark = marks.exec(sql)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return sql.length;
}

/** After the quoted text that starts here. A doubled quote reads as an end and a new start, which comes to the same. */
function quoteEnd(sql: string, at: number): number | undefined {
  const char = sql.charAt(at);
  if (char === '"' || char === "'") return after(sql, char, at + 1);
  if (inWord(sql, at)) return undefined;
  if (/e/i.test(char) && sql.charAt(at + 1) === "'") return escapeTextEnd(sql, at + 2);
  if (char !== '$') return undefined;
  const tag = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
  tag.lastIndex = at;
  const [opening] = tag.exec(sql) ?? [];
  return opening === undefined ? undefined : after(sql, opening, at + opening.length);
}

function after(sql: string, closing: string, from: number): number {
  const found = sql.indexOf(closing, from);
  return found === -1 ? sql.length : found + closing.length;
}

function escapeTextEnd(sql: string, from: number): number {
  const marks = /\\[^]|''|'/g;
  marks.lastIndex = from;
  for (let mark = marks.exec(sql); mark; mark = marks.exec(sql)) if (mark[0] === "'") return marks.lastIndex;
  return sql.length;
}

/** `e'` and `$` open something only where no name or number is going on: `date'…'`, `a$b$`. */
function inWord(sql: string, at: number): boolean {
  return at > 0 && /[\p{L}\p{N}_$]/u.test(sql.charAt(at - 1));
}

/** What to do about text that YAML cannot read: the reader's own words name the grammar, not the remedy. */

/** By the reader's code of the error. */
const HINTS: Record<string, string> = {
  TAB_AS_INDENT: 'Indent with spaces: YAML does not allow tabs there.',
  BAD_INDENT: 'Let all keys of one mapping start at the same column, and close every bracket.',
  BLOCK_AS_IMPLICIT_KEY:
    'Let all keys of one mapping start at the same column; quote a text that has ": " in it.',
  MULTILINE_IMPLICIT_KEY: 'Write each key with a colon, and all keys of one mapping at the same column.',
  BAD_DQ_ESCAPE: 'Use single quotes for text with backslashes, or double the backslash.',
  BAD_SCALAR_START: 'Quote the text: YAML gives its first character a meaning.',
  BAD_ALIAS: 'Quote the text: a value that starts with * is an alias.',
  MULTIPLE_DOCS: 'Put each playbook into a file of its own, without `---` between.',
};

const UNQUOTED_TEMPLATE = /(^|[:,[{-]\s+|[[{,])\{[{%]/;

export const ALIAS_HINT = 'Define the anchor (&name) before it is used, or quote a text that starts with *.';

/** The remedy for an error in this line; undefined when nothing better than the registry's hint is known. */
export function syntaxHint(code: string, message: string, line: string): string | undefined {
  if (message.includes('Missing closing')) return 'Close the quote that opens here.';
  if (message.includes('without - indicator'))
    return 'Let the keys of one list item start at the same column.';
  if (UNQUOTED_TEMPLATE.test(line)) return 'Quote the template: key: "{{ … }}".';
  if (message.includes('at node end')) return 'Quote the whole value, with all that follows it.';
  return HINTS[code];
}

/** Text that YAML read as a mapping, as the author should have written it. */
export function quoted(template: string): string {
  const line = template.replace(/\s+/g, ' ');
  const short = line.length > 80 ? `${line.slice(0, 77)}…` : line;
  return short.includes('"') ? `'${short.replaceAll("'", "''")}'` : `"${short}"`;
}

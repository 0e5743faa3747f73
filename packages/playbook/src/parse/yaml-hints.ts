/** Text that YAML cannot read, in words for authors: the reader's own name the grammar, not the remedy. */

interface Remark {
  message: string;
  hint: string;
}

const SAME_COLUMN = 'Let all keys of one mapping start at the same column';
const NO_KEY = { message: 'this line is neither a key with its colon nor a part of a list' };

/** By the reader's code of the error. */
const REMARKS: Record<string, Remark> = {
  TAB_AS_INDENT: { message: 'a tab stands where the indentation is', hint: 'Indent with spaces.' },
  BAD_INDENT: {
    message: 'this line is indented unlike its neighbours, or a bracket before it is not closed',
    hint: `${SAME_COLUMN}, and close every bracket.`,
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a mapping starts in the middle of a value',
    hint: `${SAME_COLUMN}; quote a text that has ": " in it.`,
  },
  MULTILINE_IMPLICIT_KEY: { ...NO_KEY, hint: `${SAME_COLUMN}, each with a colon and a space.` },
  BAD_DQ_ESCAPE: {
    message: 'there is no such escape in a text in double quotes',
    hint: 'Use single quotes for text with backslashes, or double the backslash.',
  },
  BAD_ALIAS: {
    message: 'a value that starts with * is an alias, and this one has no name',
    hint: 'Quote the text.',
  },
  MULTIPLE_DOCS: {
    message: 'there is more than one document in the text',
    hint: 'Put each playbook into a file of its own, without `---` between.',
  },
};

const UNQUOTED_TEMPLATE = /(^|[:,[{-]\s+|[[{,])\{[{%]/;

/** What to say of an error in this line; nothing in place of the hint when the registry's is as good. */
export function syntaxRemark(code: string, reason: string, line: string): { message: string; hint?: string } {
  const known = REMARKS[code];
  if (reason.includes('Missing closing'))
    return { message: 'a quote opens here and is never closed', hint: 'Close the quote.' };
  if (reason.includes('without - indicator'))
    return { ...NO_KEY, hint: 'Let the keys of one list item start at the same column.' };
  if (UNQUOTED_TEMPLATE.test(line))
    return { message: 'a template without quotes is not text', hint: 'Quote the template: key: "{{ … }}".' };
  if (reason.includes('at node end'))
    return { message: 'more text follows where the value has ended', hint: 'Quote the whole value.' };
  return known ?? { message: reason, ...(code === 'BAD_SCALAR_START' && { hint: 'Quote the text.' }) };
}

export const ALIAS_HINT = 'Define the anchor (&name) before it is used, or quote a text that starts with *.';

/** A template as it should have been written. */
export function quoted(template: string): string {
  const line = template.replace(/\s+/g, ' ');
  const short = line.length > 80 ? `${line.slice(0, 77)}…` : line;
  return short.includes('"') ? `'${short.replaceAll("'", "''")}'` : `"${short}"`;
}

/** What only the syntax tree of a YAML text shows: repeated keys, aliases, and templates without quotes. */
import { isAlias, isMap, isScalar, Scalar, visit, type Document, type YAMLMap } from 'yaml';

/** Offsets in the text. */
export interface Marks {
  /** Keys that stand twice in one mapping. */
  repeatedKeys: number[];
  /** Templates that YAML reads as mappings, because they are not quoted. */
  unquoted: { offset: number; template: string }[];
  /** The first alias whose anchor does not stand before it. */
  unresolved?: { offset: number; name: string };
  /** Where aliases of aliases multiply most: what stands last includes all before it. */
  lastAlias: number;
}

/** Templates without quotes are made text, so that whoever looks further finds what the author meant. */
export function readMarks(document: Document, text: string): Marks {
  const marks: Marks = { repeatedKeys: [], unquoted: [], lastAlias: 0 };
  const anchors = new Set<string>();
  visit(document, {
    Node: (_, node) => {
      const offset = node.range?.[0] ?? 0;
      if (isAlias(node)) {
        marks.lastAlias = offset;
        if (!anchors.has(node.source)) marks.unresolved ??= { offset, name: node.source };
        return undefined;
      }
      if ('anchor' in node && typeof node.anchor === 'string') anchors.add(node.anchor);
      if (!isMap(node)) return undefined;
      const template = templateOf(node, text);
      if (template === undefined) {
        marks.repeatedKeys.push(...repeatedKeys(node));
        return undefined;
      }
      marks.unquoted.push({ offset, template });
      const meant = new Scalar(template);
      meant.range = node.range ?? null;
      return meant;
    },
  });
  return marks;
}

/** `{{ a }}` is a flow mapping whose only key is a flow mapping. */
function templateOf(node: YAMLMap, text: string): string | undefined {
  if (!node.range || !node.flow || !isMap(node.items[0]?.key)) return undefined;
  const written = text.slice(node.range[0], node.range[1]);
  return written.startsWith('{{') && written.endsWith('}}') ? written : undefined;
}

function repeatedKeys(node: YAMLMap): number[] {
  const offsets: number[] = [];
  const seen = new Set<string>();
  for (const { key } of node.items) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    if (seen.has(name)) offsets.push(key.range?.[0] ?? 0);
    seen.add(name);
  }
  return offsets;
}

/** Where the last quoted text starts: the one that an unclosed quote opens. */
export function lastQuote(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Scalar: (_, node) => {
      if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') offset = node.range?.[0] ?? offset;
    },
  });
  return offset;
}

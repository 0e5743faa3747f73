/** Where the parts of a document stand: JSON path, line and column. */
import { isMap, isNode, isScalar, isSeq, type Document, type LineCounter } from 'yaml';
import type { Place } from '@noetl/protocol';

export type Path = readonly (string | number)[];

/** Place of a part; of its nearest parent when the part itself is missing. Keys stand for their values. */
export function placeOf(document: Document, lines: LineCounter, path: Path): Place {
  let node: unknown = document.contents;
  let offset = isNode(node) ? node.range?.[0] : undefined;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (!pair) break;
      offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(key)];
      if (!isNode(item)) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else {
      break;
    }
  }
  const { line, col } = lines.linePos(offset ?? 0);
  return { path: pathText(path), line, column: col };
}

/** `workflow[0].set["ctx.page"]`. */
export function pathText(path: Path): string {
  return path
    .map((key) => {
      if (typeof key === 'number') return `[${String(key)}]`;
      return /^[\w-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    })
    .join('')
    .replace(/^\./, '');
}

/** Filters of lists and mappings. */
import { isJsonObject, NoetlError } from '@noetl/protocol';
import type { Environment } from '../environment.ts';
import { applyFilter, getMember } from '../evaluate.ts';
import { binary, compare, equal, lengthOf, truthy } from '../operators.ts';
import { printed } from '../print.ts';
import { joined } from '../text-methods.ts';
import { TESTS } from '../tests.ts';
import { Group, ownProperty, type Arguments } from '../value.ts';
import { argument, type Filter } from './filter.ts';

const items = (environment: Environment, value: unknown): unknown[] => Array.from(environment.iterate(value));

/** Value at a dotted attribute path; numbers index lists. */
function attribute(environment: Environment, item: unknown, path: unknown): unknown {
  let value = item;
  for (const key of printed(path).split('.'))
    value = getMember(environment, value, /^\d+$/.test(key) ? Number(key) : key);
  return value;
}

const first: Filter = (environment, value) => {
  const next = environment.iterate(value).next();
  return next.done === true ? undefined : next.value;
};

const join: Filter = (environment, value, args) => {
  const path = argument(args, 1, 'attribute');
  const parts = items(environment, value).map((item) =>
    path === undefined ? item : attribute(environment, item, path),
  );
  return joined(environment, parts, printed(argument(args, 0, 'd') ?? ''));
};

const map: Filter = (environment, value, args) => {
  const path = ownProperty(args.named, 'attribute');
  if (path !== undefined) {
    const fallback = ownProperty(args.named, 'default');
    return items(environment, value).map((item) => attribute(environment, item, path) ?? fallback);
  }
  const [name, ...positional] = args.positional;
  if (typeof name !== 'string') throw new NoetlError('TEMPLATE_ERROR', 'map: name a filter or an attribute');
  const rest = { positional, named: args.named };
  return items(environment, value).map((item) => applyFilter(environment, name, item, rest));
};

/** select, reject, selectattr, rejectattr: by a test, or by truth without one. */
const selecting =
  (keep: boolean, byAttribute: boolean): Filter =>
  (environment, value, args) => {
    const [path, rest] = byAttribute
      ? [args.positional[0], args.positional.slice(1)]
      : [undefined, args.positional];
    const [name, ...testArgs] = rest;
    return items(environment, value).filter((item) => {
      const subject = byAttribute ? attribute(environment, item, path) : item;
      return passes(environment, subject, name, testArgs) === keep;
    });
  };

function passes(environment: Environment, subject: unknown, name: unknown, args: unknown[]): boolean {
  if (name === undefined) return truthy(subject);
  const spelled = printed(name);
  const test = Object.hasOwn(TESTS, spelled) ? TESTS[spelled] : undefined;
  if (!test) throw new NoetlError('TEMPLATE_ERROR', `there is no test "${printed(name)}"`);
  return test(environment, subject, args);
}

/**
 * Key by which items are ordered or grouped: an attribute, or several with commas between; text without regard to
 * case unless told otherwise. `position` is that of `attribute`; `case_sensitive` stands before it.
 */
function keyOf(environment: Environment, args: Arguments, position: number): (item: unknown) => unknown {
  const path = argument(args, position, 'attribute');
  const caseSensitive = truthy(argument(args, position - 1, 'case_sensitive'));
  const folded = (key: unknown): unknown =>
    typeof key === 'string' && !caseSensitive ? key.toLowerCase() : key;
  if (typeof path !== 'string' || !path.includes(','))
    return (item) => folded(path === undefined ? item : attribute(environment, item, path));
  const paths = path.split(',');
  return (item) => paths.map((each) => folded(attribute(environment, item, each.trim())));
}

const sort: Filter = (environment, value, args) => {
  const key = keyOf(environment, args, 2);
  const sign = truthy(argument(args, 0, 'reverse')) ? -1 : 1;
  const keyed = items(environment, value).map((item) => ({ item, key: key(item) }));
  environment.spend(keyed.length * 4);
  return keyed.sort((a, b) => sign * compare(environment, a.key, b.key)).map(({ item }) => item);
};

const extreme =
  (sign: 1 | -1): Filter =>
  (environment, value, args) => {
    const key = keyOf(environment, args, 1);
    let best: unknown;
    for (const item of environment.iterate(value)) {
      if (best === undefined || sign * compare(environment, key(item), key(best)) > 0) best = item;
    }
    return best;
  };

const unique: Filter = (environment, value, args) => {
  const key = keyOf(environment, args, 1);
  const kept: { item: unknown; key: unknown }[] = [];
  for (const item of environment.iterate(value)) {
    const own = key(item);
    environment.spend(kept.length);
    if (!kept.some((other) => equal(environment, other.key, own))) kept.push({ item, key: own });
  }
  return kept.map(({ item }) => item);
};

const groupby: Filter = (environment, value, args) => {
  const path = argument(args, 0, 'attribute');
  const fallback = argument(args, 1, 'default');
  const key = (item: unknown): unknown => attribute(environment, item, path) ?? fallback;
  const groups: { key: unknown; list: unknown[] }[] = [];
  for (const item of environment.iterate(value)) {
    const own = key(item);
    environment.spend(groups.length);
    const group = groups.find((other) => equal(environment, other.key, own));
    if (group) group.list.push(item);
    else groups.push({ key: own, list: [item] });
  }
  return groups
    .sort((a, b) => compare(environment, a.key, b.key))
    .map((group) => Group.of(group.key, group.list));
};

const batch: Filter = (environment, value, args) => {
  const size = Math.max(1, Number(argument(args, 0, 'linecount') ?? 1));
  const fill = argument(args, 1, 'fill_with');
  const all = items(environment, value);
  const batches: unknown[][] = [];
  for (let from = 0; from < all.length; from += size) batches.push(all.slice(from, from + size));
  const last = batches.at(-1);
  if (fill !== undefined && last) environment.spend(size - last.length);
  while (fill !== undefined && last && last.length < size) last.push(fill);
  return batches;
};

/** Into `slices` lists, the longer ones first; with `fill_with` all of one length. */
const slice: Filter = (environment, value, args) => {
  const slices = Math.max(1, Math.min(Number(argument(args, 0, 'slices') ?? 1), SLICES_MAX));
  const fill = argument(args, 1, 'fill_with');
  const all = items(environment, value);
  const [size, longer] = [Math.floor(all.length / slices), all.length % slices];
  let from = 0;
  return Array.from({ length: slices }, (_, index) => {
    const part = all.slice(from, from + size + (index < longer ? 1 : 0));
    from += part.length;
    return fill !== undefined && longer > 0 && index >= longer ? [...part, fill] : part;
  });
};

const SLICES_MAX = 10_000;

const dictsort: Filter = (environment, value, args) => {
  const by = argument(args, 1, 'by') === 'value' ? 1 : 0;
  const opened = environment.open(value);
  if (!isJsonObject(opened)) throw new NoetlError('TEMPLATE_ERROR', 'dictsort needs a mapping');
  const sign = truthy(argument(args, 2, 'reverse')) ? -1 : 1;
  environment.spend(Object.keys(opened).length);
  return Object.entries(opened).sort((a, b) => sign * compare(environment, a[by], b[by]));
};

const sum: Filter = (environment, value, args) => {
  const path = argument(args, 0, 'attribute');
  let total: unknown = argument(args, 1, 'start') ?? 0;
  for (const item of environment.iterate(value))
    total = binary(environment, '+', total, path === undefined ? item : attribute(environment, item, path));
  return total;
};

const length: Filter = (environment, value) => lengthOf(environment, value);

export const LIST_FILTERS: Record<string, Filter> = {
  length,
  count: length,
  len: length,
  first,
  last: (environment, value) => items(environment, value).at(-1),
  list: items,
  join,
  map,
  select: selecting(true, false),
  reject: selecting(false, false),
  selectattr: selecting(true, true),
  rejectattr: selecting(false, true),
  sort,
  min: extreme(-1),
  max: extreme(1),
  sum,
  unique,
  groupby,
  batch,
  slice,
  dictsort,
  reverse: (environment, value) =>
    typeof value === 'string' ? Array.from(value).reverse().join('') : items(environment, value).reverse(),
};

/** Bind parameters in the three spellings that playbooks use, as Postgres wants them. */
import { isJsonObject, NoetlError, type Json } from '@noetl/protocol';
import { replaceInCode } from './split.ts';

export interface Bound {
  text: string;
  values: unknown[];
}

/** `$1` and `%s` take the items of a list in order, `:name` and `%(name)s` the entries of a mapping. */
export function bound(statement: string, parameters: Json | undefined): Bound {
  if (Array.isArray(parameters)) return byPosition(statement, parameters);
  if (isJsonObject(parameters)) return byName(statement, parameters);
  return { text: statement, values: [] };
}

function byPosition(statement: string, values: Json[]): Bound {
  let used = 0;
  let highest = 0;
  const text = replaceInCode(statement, (code) =>
    code.replace(/%s|\$(\d+)/g, (whole, place: string | undefined) => {
      if (place !== undefined) {
        highest = Math.max(highest, Number(place));
        return whole;
      }
      used += 1;
      return `$${String(used)}`;
    }),
  );
  const wanted = Math.max(used, highest);
  if (wanted > values.length) {
    throw new NoetlError(
      'TOOL_CONFIG',
      `the statement has ${String(wanted)} parameters, params has ${String(values.length)}`,
    );
  }
  return { text, values: values.slice(0, wanted).map(sqlValue) };
}

function byName(statement: string, entries: { [name: string]: Json }): Bound {
  const names: string[] = [];
  const place = (name: string): string => {
    if (!names.includes(name)) names.push(name);
    return `$${String(names.indexOf(name) + 1)}`;
  };
  const text = replaceInCode(statement, (code) =>
    code.replace(/%\((\w+)\)s|(?<![:\w]):([A-Za-z_]\w*)/g, (whole, python?: string, colon?: string) => {
      const name = python ?? colon ?? '';
      return Object.hasOwn(entries, name) ? place(name) : whole;
    }),
  );
  return { text, values: names.map((name) => sqlValue(entries[name] ?? null)) };
}

/** Lists and mappings go into JSON columns, as text. */
export function sqlValue(value: Json): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

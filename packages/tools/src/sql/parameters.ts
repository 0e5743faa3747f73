/** Bind parameters in the three spellings that playbooks use, as Postgres wants them. */
import { isJsonObject, NoetlError, type Json } from '@noetl/protocol';
import { replaceInCode } from './split.ts';

export interface Bound {
  text: string;
  values: unknown[];
}

/** `$1` and `%s` take the items of a list in order, `:name` and `%(name)s` the entries of a mapping. */
export function bound(statement: string, parameters: Json | undefined): Bound {
  const asked = byParameters(statement, parameters);
  const given = [...asked.given];
  // After the parameters that the playbook gives come those that its templates stand for.
  const text = asked.text.replace(/\0([^\0]*)\0/g, (_, json: string) => {
    given.push(JSON.parse(json) as Json);
    return `$${String(given.length)}`;
  });
  return { text, values: given.map((value, index) => (isArray(text, index + 1) ? value : sqlValue(value))) };
}

interface Placed {
  text: string;
  given: Json[];
}

function byParameters(statement: string, parameters: Json | undefined): Placed {
  if (Array.isArray(parameters)) return byPosition(statement, parameters);
  if (isJsonObject(parameters)) return byName(statement, parameters);
  return { text: statement, given: [] };
}

/** Whether the statement takes an array at this place: `ANY($1)`, `$1::text[]`. */
function isArray(text: string, place: number): boolean {
  const it = `\\$${String(place)}(?!\\d)`;
  return new RegExp(`\\b(any|all|unnest)\\s*\\(\\s*${it}|${it}\\s*::\\s*[\\w." ]+(\\(\\d+\\))?\\[`, 'i').test(
    text,
  );
}

function byPosition(statement: string, values: Json[]): Placed {
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
  return { text, given: values.slice(0, wanted) };
}

function byName(statement: string, entries: { [name: string]: Json }): Placed {
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
  return { text, given: names.map((name) => entries[name] ?? null) };
}

/** Lists and mappings go into JSON columns, as text. */
export function sqlValue(value: Json): unknown {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

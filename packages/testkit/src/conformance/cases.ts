/** What a folder of playbooks expects: `cases.json` as typed data, with its placeholders filled in. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One expectation; see the README beside `cases.json` for the forms. */
export type Check = [form: string, ...rest: unknown[]];

export interface Case {
  id: string;
  file: string;
  payload: Record<string, unknown>;
  status: string;
  needs: string;
  /** Files to register first. */
  deps: string[];
  /** Cases that must have run before. */
  after: string[];
  /** SQL for the demo database. */
  pre: string[];
  note: string;
  checks: Check[];
}

export async function readCases(folder: string): Promise<Case[]> {
  const { cases } = JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8')) as {
    cases: (Partial<Case> & Pick<Case, 'id' | 'file'>)[];
  };
  const empty = {
    payload: {},
    status: 'COMPLETED',
    needs: '',
    deps: [],
    after: [],
    pre: [],
    note: '',
    checks: [],
  };
  return cases.map((item) => ({ ...empty, ...item }));
}

/** The cases whose id matches a glob, and before each what it says must have run. */
export function chosen(cases: Case[], only: string | undefined): Case[] {
  const matches = cases.filter((item) => only === undefined || globOf(only).test(item.id));
  const wanted = new Set<string>();
  const add = (item: Case): void => {
    if (wanted.has(item.id)) return;
    for (const id of item.after) {
      const before = cases.find((other) => other.id === id);
      if (before) add(before);
    }
    wanted.add(item.id);
  };
  matches.forEach(add);
  const order = [...wanted];
  return cases
    .filter((item) => wanted.has(item.id))
    .sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
}

function globOf(glob: string): RegExp {
  const parts = glob.split(/([*,])/).map((part) => {
    if (part === '*') return '.*';
    return part === ',' ? '|' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^(?:${parts.join('')})$`);
}

/** Replaces `$NAME` in every text of a value, longest names first. */
export function filled<T>(value: T, placeholders: Record<string, string>): T {
  const names = Object.keys(placeholders).sort((a, b) => b.length - a.length);
  const fill = (item: unknown): unknown => {
    if (typeof item === 'string')
      return names.reduce((text, name) => text.replaceAll(name, placeholders[name] ?? ''), item);
    if (Array.isArray(item)) return item.map(fill);
    if (typeof item !== 'object' || item === null) return item;
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, fill(inner)]));
  };
  return fill(value) as T;
}

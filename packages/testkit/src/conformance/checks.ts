/** The forms of expectations, checked through the API, SQL and the mock's counts. */
import { isDeepStrictEqual } from 'node:util';
import { fetchAsAdmin } from '../auth.ts';
import type { Check } from './cases.ts';
import type { Stage } from './stage.ts';

export interface Ended {
  id: string;
  status: string;
  error: string;
}

/** One sentence for each check that does not hold. */
export async function failedChecks(stage: Stage, ended: Ended, checks: Check[]): Promise<string[]> {
  const failures: string[] = [];
  for (const check of checks) {
    const failure = await failureOf(stage, ended, check);
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}

async function failureOf(stage: Stage, ended: Ended, check: Check): Promise<string | undefined> {
  const [form, ...rest] = check;
  switch (form) {
    case 'step':
      return stepFails(stage, ended, rest as [string, string, unknown]);
    case 'sql':
      return sqlFails(stage, rest as [string, string, string]);
    case 'visited':
    case 'notvisited':
    case 'once':
      return visitFails(stage, ended, form, ([] as string[]).concat(rest[0] as string | string[]));
    case 'stdout':
      return textFails(await printed(stage, ended.id), 'stdout', rest[0] as string);
    case 'error':
      return textFails(await failureText(stage, ended), 'the error', rest[0] as string);
    case 'mockhits': {
      const hits = await stage.hits(rest[0] as string);
      return hits === rest[1]
        ? undefined
        : `${String(hits)} requests to ${String(rest[0])}, not ${String(rest[1])}`;
    }
    case 'any': {
      const options = rest[0] as Check[];
      const failures = await Promise.all(options.map((option) => failureOf(stage, ended, option)));
      return failures.includes(undefined) ? undefined : failures.join(' and ');
    }
    default:
      return `there is no form of check "${form}"`;
  }
}

async function stepFails(
  stage: Stage,
  ended: Ended,
  [step, path, expected]: [string, string, unknown],
): Promise<string | undefined> {
  const url = `${stage.platform.url}/api/result/${ended.id}/${encodeURIComponent(step)}?resolve=true`;
  const response = await fetchAsAdmin(url);
  if (!response.ok) return `step ${step} has no result`;
  const { data } = (await response.json()) as { data: unknown };
  const found = at(data, path === '' ? [] : path.split('.'));
  if (isDeepStrictEqual(found, expected)) return undefined;
  return `${step}.${path} is ${shown(found)}, not ${shown(expected)}`;
}

/** `data` and `result` of a value without such a key are the value itself; of a loop, its results. */
function at(value: unknown, path: string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, key)) return at((value as Record<string, unknown>)[key], rest);
  return key === 'data' || key === 'result' ? at(value, rest) : undefined;
}

async function sqlFails(
  stage: Stage,
  [database, query, expected]: [string, string, string],
): Promise<string | undefined> {
  const [row] = await stage.sql(database, query);
  const [first] = Object.values(row ?? {}) as unknown[];
  const text = typeof first === 'string' ? first : (JSON.stringify(first) as string | undefined);
  return text === expected ? undefined : `SQL gives ${text ?? 'nothing'}, not ${expected}`;
}

async function visitFails(
  stage: Stage,
  ended: Ended,
  form: string,
  names: string[],
): Promise<string | undefined> {
  const rows = await stage.sql<{ node_name: string }>(
    'platform',
    `SELECT node_name FROM noetl.event WHERE execution_id = $1 AND event_type = 'step.enter'`,
    [ended.id],
  );
  const wrong = names.filter((name) => {
    const times = rows.filter((row) => row.node_name === name).length;
    if (form === 'once') return times !== 1;
    return form === 'visited' ? times === 0 : times > 0;
  });
  return wrong.length === 0 ? undefined : `${form} does not hold for ${wrong.join(', ')}`;
}

async function printed(stage: Stage, id: string): Promise<string> {
  const rows = await stage.sql<{ stdout: string }>(
    'platform',
    `SELECT meta ->> 'stdout' AS stdout FROM noetl.event
      WHERE execution_id = $1 AND meta ? 'stdout' ORDER BY event_id`,
    [id],
  );
  return rows.map((row) => row.stdout).join('\n');
}

async function failureText(stage: Stage, ended: Ended): Promise<string> {
  const rows = await stage.sql<{ error: string }>(
    'platform',
    'SELECT error FROM noetl.event WHERE execution_id = $1 AND error IS NOT NULL ORDER BY event_id',
    [ended.id],
  );
  return [ended.error, ...rows.map((row) => row.error)].join('\n');
}

function textFails(text: string, what: string, pattern: string): string | undefined {
  return new RegExp(pattern, 'm').test(text) ? undefined : `${what} does not match /${pattern}/`;
}

function shown(value: unknown): string {
  const text = value === undefined ? 'undefined' : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

/** Asks every GET endpoint of the OpenAPI document, for every execution given, and the console's files. */
import { fetchAsAdmin } from '../auth.ts';

interface Document {
  paths: Record<string, { get?: { parameters?: { name: string; in: string }[] } }>;
}

export interface Everything {
  /** Address and text of each answer, headers included. */
  answers: [from: string, text: string][];
  /** How many answers had which status. */
  statuses: Map<number, number>;
}

/** A stream of events is read for so long. */
const STREAM_MS = 300;
const AT_ONCE = 8;

export async function readEverything(url: string, executionIds: readonly string[]): Promise<Everything> {
  const read: Everything = { answers: [], statuses: new Map() };
  const ask = async (path: string): Promise<string> => {
    const response = await fetchAsAdmin(`${url}${path}`, { headers: { accept: '*/*' } });
    const text = await textOf(response);
    read.answers.push([path, `${JSON.stringify([...response.headers])}${text}`]);
    read.statuses.set(response.status, (read.statuses.get(response.status) ?? 0) + 1);
    return text;
  };
  const { paths } = JSON.parse(await ask('/openapi.json')) as Document;
  const page = await ask('/');
  const files = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, file = '']) => file);
  const values = await placeholders(ask, executionIds);
  const addresses = Object.entries(paths)
    .filter(([, { get }]) => get)
    .flatMap(([template]) => expanded(template, values));
  const waiting = [...new Set([...files, ...addresses])];
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await ask(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return read;
}

/** What may stand for the parameters of a path. */
async function placeholders(
  ask: (path: string) => Promise<string>,
  executionIds: readonly string[],
): Promise<Record<string, string[]>> {
  const { entries: catalog = [] } = JSON.parse(await ask('/api/catalog')) as {
    entries?: { catalog_id: string; path: string }[];
  };
  const { items: credentials = [] } = JSON.parse(await ask('/api/credentials')) as {
    items?: { name: string }[];
  };
  return {
    id: [...executionIds],
    step: ['items', 'start'],
    credential: credentials.map(({ name }) => name),
    entry: ['plain', 'managed'],
    variable: ['kept', 'more'],
    catalog_id: catalog.map(({ catalog_id }) => catalog_id),
    path: catalog.map(({ path }) => path),
  };
}

function expanded(template: string, values: Record<string, string[]>): string[] {
  const [whole, name = ''] = /\{(\w+)\}/.exec(template) ?? [];
  if (whole === undefined) return [template];
  const kind = name === 'name' ? named(template) : name;
  return (values[kind] ?? ['none']).flatMap((value) => expanded(template.replace(whole, value), values));
}

/** What a name is one of. */
function named(template: string): string {
  if (template.includes('/keychain/')) return 'entry';
  return template.includes('/vars/') ? 'variable' : 'credential';
}

async function textOf(response: Response): Promise<string> {
  if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream')) return response.text();
  const reader = response.body?.getReader();
  const over = setTimeout(() => void reader?.cancel(), STREAM_MS);
  let text = '';
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    text += Buffer.from(part.value).toString();
  clearTimeout(over);
  return text;
}

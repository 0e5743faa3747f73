/** The product as its users reach it: HTTP, SQL and the K/V bucket. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { connectBus, loopKey, readLoopState, type Bus, type BusOptions } from '@noetl/bus';
import pg from 'pg';
import { fetchAsAdmin } from '../auth.ts';
import { waitFor } from '../wait.ts';

const ROOT = new URL('../../../../', import.meta.url);

export interface Answer<T> {
  status: number;
  body: T;
}

export interface Execution {
  execution_id: string;
  status: string;
  result: unknown;
  error: unknown;
}

export interface EventRow {
  event_id: string;
  event_type: string;
  node_name: string;
  status: string;
  result: Record<string, unknown> | null;
  meta: { stdout?: string } | null;
}

export class RingClient {
  readonly #url: string;
  readonly #pool: pg.Pool;
  readonly #bus: Bus;

  private constructor(url: string, pool: pg.Pool, bus: Bus) {
    this.#url = url;
    this.#pool = pool;
    this.#bus = bus;
  }

  static async connect(
    platform: { url: string; databaseUrl: string; natsUrl: string },
    tls?: BusOptions['tls'],
  ): Promise<RingClient> {
    const pool = new pg.Pool({ connectionString: platform.databaseUrl, max: 4 });
    pool.on('error', () => undefined);
    const bus = await connectBus({ url: platform.natsUrl, name: 'ring-test', ...(tls && { tls }) });
    return new RingClient(platform.url, pool, bus);
  }

  async close(): Promise<void> {
    await this.#pool.end();
    await this.#bus.close();
  }

  async post<T = Record<string, unknown>>(
    path: string,
    body: unknown,
    type = 'application/json',
  ): Promise<Answer<T>> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const headers = { 'content-type': type };
    const response = await fetchAsAdmin(`${this.#url}${path}`, { method: 'POST', headers, body: text });
    return { status: response.status, body: (await response.json()) as T };
  }

  async get<T = Record<string, unknown>>(path: string): Promise<Answer<T>> {
    const response = await fetchAsAdmin(`${this.#url}${path}`);
    return { status: response.status, body: (await response.json()) as T };
  }

  /** Registers YAML text and returns its path. */
  async register(yaml: string): Promise<string> {
    const { status, body } = await this.post<{ path: string }>(
      '/api/catalog/register',
      yaml,
      'application/yaml',
    );
    if (status >= 300) throw new Error(`register answered ${String(status)}: ${JSON.stringify(body)}`);
    return body.path;
  }

  async execute(path: string, payload: unknown = {}): Promise<string> {
    const { status, body } = await this.post<{ execution_id: string }>('/api/execute', { path, payload });
    if (status >= 300) throw new Error(`execute answered ${String(status)}: ${JSON.stringify(body)}`);
    return body.execution_id;
  }

  async execution(id: string): Promise<Execution> {
    return (await this.get<Execution>(`/api/executions/${id}`)).body;
  }

  /** The execution once it has ended, however it ended. */
  async ended(id: string, timeoutMs = 60_000): Promise<Execution> {
    await waitFor(
      async () => {
        // One row: whoever asks for the execution itself gets its latest results, again and again.
        const { body } = await this.get<Execution>(`/api/executions/${id}/cancellation-check`);
        return !['RUNNING', 'PENDING'].includes(body.status);
      },
      { what: `the end of execution ${id}`, timeoutMs },
    );
    return this.execution(id);
  }

  async run(path: string, payload: unknown = {}, timeoutMs?: number): Promise<Execution> {
    return this.ended(await this.execute(path, payload), timeoutMs);
  }

  async sql<T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> {
    return (await this.#pool.query<T>(text, values)).rows;
  }

  /** The seed's query, word for word. */
  async iterations(id: string): Promise<{ current_index: number; result: Record<string, unknown> }[]> {
    return this.sql(`SELECT event_type, node_name, result, loop_name, current_index
FROM noetl.event
WHERE execution_id = ${id}
  AND loop_name = 'process_items'
  AND event_type = 'step.exit'
ORDER BY current_index;`);
  }

  async events(id: string, type: string): Promise<EventRow[]> {
    return this.sql(
      'SELECT * FROM noetl.event WHERE execution_id = $1 AND event_type = $2 AND loop_name IS NULL ORDER BY event_id',
      [id, type],
    );
  }

  /** The last value of a step, as stored. */
  async stepResult(id: string, step: string): Promise<Record<string, unknown> | null> {
    const exits = (await this.events(id, 'step.exit')).filter((event) => event.node_name === step);
    return exits.at(-1)?.result ?? null;
  }

  /** What all steps printed, in order. */
  async printed(id: string): Promise<string> {
    return (await this.events(id, 'step.exit')).map((event) => event.meta?.stdout ?? '').join('');
  }

  async loopState(id: string, step: string): Promise<Record<string, unknown> | undefined> {
    const [loop] = await this.sql<{ loop_id: string }>(
      'SELECT loop_id FROM noetl.loop WHERE execution_id = $1 AND step = $2 ORDER BY loop_id DESC LIMIT 1',
      [id, step],
    );
    if (!loop) return undefined;
    const state = await readLoopState(this.#bus, loopKey(id, step, loop.loop_id));
    return state && { ...state };
  }
}

/** Text of one of our own playbooks. */
export function ourPlaybook(name: string): Promise<string> {
  return readFile(new URL(`playbooks/${name}`, ROOT), 'utf8');
}

/** Folder of the playbooks that others wrote, beside the project. */
export const OTHERS = fileURLToPath(new URL('../shared/playbooks', ROOT));

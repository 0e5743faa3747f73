/** The HTTP API as the command line uses it. Every failure becomes a {@link CliFailure} with code and hint. */
import { isJsonObject, type Json, type JsonObject } from '@noetl/protocol';
import { CliFailure, EXIT } from './failure.ts';

export interface Registered {
  path: string;
  version: number;
  catalog_id: string;
  warnings?: { code: string; message: string }[];
}

export interface ExecutionView {
  execution_id: string;
  status: string;
  path: string;
  result?: Json;
  error?: Json;
  [field: string]: Json | undefined;
}

export interface EventView {
  event_id: string;
  event_type: string;
  node_name: string;
  status: string;
  result?: Json;
  error?: string | null;
  meta?: JsonObject | null;
  loop_id?: string | null;
  loop_name?: string | null;
  created_at?: string;
}

export interface LoopView {
  total: number;
  pending: number;
  running: number;
  succeeded: number;
  failed: number;
  aborted: number;
  items_per_second?: number | null;
  /** Seconds until the end at the present rate, or the time of day of the end. */
  eta?: number | string | null;
}

const ANSWER_WITHIN_MS = 30_000;

export class Client {
  readonly url: string;

  constructor(url: string) {
    this.url = url.replace(/\/+$/, '');
  }

  /** Registers a playbook; `text` is YAML or JSON. */
  async register(text: string, contentType: string): Promise<Registered> {
    return (await this.send('POST', '/api/catalog/register', text, {
      'Content-Type': contentType,
    })) as Registered;
  }

  /** Starts an execution of the newest version of `path`, or of one catalog entry. */
  async execute(
    target: { path: string } | { catalog_id: string },
    payload: JsonObject,
    idempotencyKey?: string,
  ): Promise<ExecutionView> {
    const headers = {
      'Content-Type': 'application/json',
      ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
    };
    const body = JSON.stringify({ ...target, payload });
    return (await this.send('POST', '/api/execute', body, headers)) as ExecutionView;
  }

  async execution(id: string): Promise<ExecutionView> {
    return (await this.send('GET', `/api/executions/${encodeURIComponent(id)}`)) as ExecutionView;
  }

  /** One page of events after an event id, in order; without the iterations of loops unless asked for. */
  async events(
    id: string,
    page: { after?: string | undefined; limit: number; iterations: boolean },
  ): Promise<{ events: EventView[]; next: string | null }> {
    const query = new URLSearchParams({ limit: String(page.limit), iterations: String(page.iterations) });
    if (page.after !== undefined) query.set('after', page.after);
    const answer = await this.send(
      'GET',
      `/api/executions/${encodeURIComponent(id)}/events?${query.toString()}`,
    );
    const { events, next } = answer as { events: EventView[]; next?: string | null };
    return { events, next: next ?? null };
  }

  /** Counters of the newest entry of a loop step. */
  async loop(id: string, step: string): Promise<LoopView> {
    const path = `/api/executions/${encodeURIComponent(id)}/loops/${encodeURIComponent(step)}`;
    return (await this.send('GET', path)) as LoopView;
  }

  async cancel(id: string, reason: string): Promise<ExecutionView> {
    const path = `/api/executions/${encodeURIComponent(id)}/cancel`;
    const headers = { 'Content-Type': 'application/json' };
    return (await this.send('POST', path, JSON.stringify({ reason }), headers)) as ExecutionView;
  }

  /** Any endpoint; `body` is sent as JSON. */
  async call(method: string, path: string, body?: JsonObject): Promise<Json> {
    const headers = { 'Content-Type': 'application/json' };
    return (await this.send(method, path, body && JSON.stringify(body), headers)) as Json;
  }

  private async send(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.url + path, {
        method,
        headers: { Accept: 'application/json', ...headers },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        ...(body !== undefined && { body }),
      });
      text = await response.text();
    } catch (cause) {
      throw new CliFailure('SERVER_UNREACHABLE', `no answer from ${this.url}: ${reasonOf(cause)}`, {
        exitCode: EXIT.unreachable,
        hint: 'Start one with `npm start`, or name it with --server URL or NOETL_SERVER_URL.',
        cause,
      });
    }
    const answer = parse(text);
    if (response.ok && answer !== undefined) return answer;
    throw refusal(response.status, answer, text);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An error answer of the api (problem+json with code, detail, hint and place), or of something else on that port. */
function refusal(status: number, answer: unknown, text: string): CliFailure {
  if (!isJsonObject(answer)) {
    const message = `HTTP ${String(status)} without JSON: ${text.slice(0, 200)}`;
    return new CliFailure('NOT_NOETL', message, { exitCode: EXIT.unreachable, hint: 'Is --server right?' });
  }
  const inner = isJsonObject(answer['error']) ? answer['error'] : answer;
  const message = [inner['message'], inner['detail'], inner['title'], answer['error']].find(isText);
  const code = isText(inner['code']) ? inner['code'] : `HTTP_${String(status)}`;
  const place = isJsonObject(inner['place']) ? inner['place'] : inner;
  const { line, column } = place;
  return new CliFailure(code, message ?? `HTTP ${String(status)}`, {
    exitCode: status === 503 ? EXIT.unreachable : EXIT.failed,
    hint: isText(inner['hint']) ? inner['hint'] : undefined,
    place:
      typeof line === 'number'
        ? `line ${line}, column ${typeof column === 'number' ? column : 1}`
        : undefined,
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** `fetch` hides the reason in `cause`. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return String(inner);
  const { code } = inner as NodeJS.ErrnoException;
  return code ?? inner.message;
}

/** The HTTP API as the command line uses it. Every failure becomes a {@link CliFailure} with code and hint. */
import { connectApi, done, NOT_NOETL, Problem, UNREACHABLE, type Api, type Schemas } from '@noetl/client';
import type { JsonObject } from '@noetl/protocol';
import { CliFailure, EXIT } from './failure.ts';
import { tokenFor } from './login.ts';

export type Registered = Schemas['Registered'];
export type Started = Schemas['Started'];
export type ExecutionView = Schemas['Execution'];
export type EventView = Schemas['Event'];
export type LoopView = Schemas['LoopCounters'];

const ANSWER_WITHIN_MS = 30_000;

export class Client {
  readonly url: string;
  /** Any endpoint, by its own types; what it gives goes through {@link ask}. */
  readonly api: Api;

  /** `token`: the one that is kept for this server, unless another is given. */
  constructor(url: string, token = tokenFor(url)) {
    this.url = url.replace(/\/+$/, '');
    this.api = connectApi(this.url, { answerWithinMs: ANSWER_WITHIN_MS, token: () => token });
  }

  /** The answer of a request to {@link api}. */
  readonly ask = async <T>(request: Parameters<typeof done<T>>[0]): Promise<Exclude<T, undefined>> => {
    try {
      return await done(request);
    } catch (error) {
      throw error instanceof Problem ? this.#failure(error) : error;
    }
  };

  /** Registers a playbook; `text` is YAML or JSON. */
  register(text: string, contentType: string): Promise<Registered> {
    const headers = { 'Content-Type': contentType };
    return this.ask(
      this.api.POST('/api/catalog/register', {
        body: text,
        headers,
        bodySerializer: (body) => body as string,
      }),
    );
  }

  /** Starts an execution of the newest version of `path`, or of one catalog entry; with `waitS` the answer waits for its end so long. */
  execute(
    target: { path: string } | { catalog_id: string },
    payload: JsonObject,
    { idempotencyKey, waitS = 0 }: { idempotencyKey?: string | undefined; waitS?: number } = {},
  ): Promise<Started> {
    const header = idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey };
    const params = { header, query: { wait: waitS } };
    return this.ask(this.api.POST('/api/execute', { body: { ...target, payload }, params }));
  }

  /** Without its history but for one event: whoever polls wants the state. */
  execution(id: string): Promise<ExecutionView> {
    return this.ask(
      this.api.GET('/api/executions/{id}', { params: { path: { id }, query: { page_size: 1 } } }),
    );
  }

  /** One page of events after an event id, in order; without the iterations of loops unless asked for. */
  events(
    id: string,
    { after, limit, iterations }: { after?: string | undefined; limit: number; iterations: boolean },
  ): Promise<{ events: EventView[]; next: string | null }> {
    const query = { limit, iterations, ...(after !== undefined && { after }) };
    return this.ask(this.api.GET('/api/executions/{id}/events', { params: { path: { id }, query } }));
  }

  /** Counters of the newest entry of a loop step. */
  loop(id: string, step: string): Promise<LoopView> {
    return this.ask(this.api.GET('/api/executions/{id}/loops/{step}', { params: { path: { id, step } } }));
  }

  #failure(problem: Problem): CliFailure {
    const { code, message, hint, place, status, cause } = problem;
    if (code === UNREACHABLE)
      return new CliFailure(code, `no answer from ${this.url}: ${message}`, {
        exitCode: EXIT.unreachable,
        hint: 'Start one with `npm start`, or name it with --server URL or NOETL_SERVER_URL.',
        cause,
      });
    if (code === NOT_NOETL)
      return new CliFailure(code, message, { exitCode: EXIT.unreachable, hint: 'Is --server right?' });
    if (status === 401)
      return new CliFailure(code, message, {
        hint: `Sign in: noetl login --server ${this.url}; or set NOETL_TOKEN.`,
      });
    return new CliFailure(code, message, {
      exitCode: status === 503 ? EXIT.unreachable : EXIT.failed,
      hint: hint === '' ? undefined : hint,
      place:
        place?.line === undefined
          ? undefined
          : `line ${String(place.line)}, column ${String(place.column ?? 1)}`,
    });
  }
}

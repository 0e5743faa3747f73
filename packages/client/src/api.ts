/** The api by its own types: paths, parameters, bodies and answers are those of its OpenAPI document. */
import createClient, {
  createFinalURL,
  createQuerySerializer,
  defaultPathSerializer,
  type Client,
} from 'openapi-fetch';
import { NOT_NOETL, Problem, problemOf, UNREACHABLE } from './problem.ts';
import type { components, paths } from './schema.ts';

export type Api = Client<paths, 'application/json'>;

/** Schemas of the document by name. */
export type Schemas = components['schemas'];

export interface ConnectOptions {
  /** A request takes so long at most. */
  answerWithinMs?: number;
  /** The token to send, asked for at each request; none when undefined. */
  token?: () => string | undefined;
}

/** `url` without a path; '' for the server that a page comes from. */
export function connectApi(url: string, { answerWithinMs, token }: ConnectOptions = {}): Api {
  const client = createClient<paths, 'application/json'>({
    baseUrl: url,
    headers: { Accept: 'application/json' },
    fetch: (request) =>
      fetch(request, answerWithinMs === undefined ? {} : { signal: AbortSignal.timeout(answerWithinMs) }),
  });
  client.use({
    onRequest: ({ request }) => {
      for (const [name, value] of Object.entries(bearer(token?.()))) request.headers.set(name, value);
      return request;
    },
  });
  return client;
}

/** The headers that carry a token. */
function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

/** The answer of a request. Throws {@link Problem}; what the caller has aborted ends as it does. */
export async function done<T>(
  request: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<Exclude<T, undefined>> {
  const { data, error, response } = await request.catch((cause: unknown) => {
    throw failed(cause);
  });
  if (response.ok) return data as Exclude<T, undefined>;
  throw problemOf(error, response.status);
}

function failed(cause: unknown): unknown {
  if (cause instanceof Error && cause.name === 'AbortError') return cause;
  if (cause instanceof SyntaxError)
    return new Problem({ code: NOT_NOETL, detail: `The answer is not JSON: ${cause.message}` }, cause);
  return new Problem({ code: UNREACHABLE, detail: reasonOf(cause) }, cause);
}

/** `fetch` hides the reason in `cause`. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return String(inner);
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message;
}

type GetPath = { [P in keyof paths]: paths[P] extends { get: unknown } ? P : never }[keyof paths];

interface Parameters {
  path?: unknown;
  query?: unknown;
}

type AnswerOf<P extends GetPath> = paths[P]['get'] extends {
  responses: { 200: { content: { 'application/json': infer T } } };
}
  ? T
  : never;

type ParametersOf<P extends GetPath> = paths[P]['get'] extends { parameters: infer Q extends Parameters }
  ? Pick<Q, 'path' | 'query'>
  : never;

/** Text of a URL whose JSON is a T: for what is named by its URL, such as a stream of events. */
export type Url<T> = string & { readonly [ANSWER]: T };

declare const ANSWER: unique symbol;

/** The URL of something to GET, relative to the server. */
export function urlOf<P extends GetPath>(path: P, params: ParametersOf<P>): Url<AnswerOf<P>> {
  return createFinalURL(path, {
    baseUrl: '',
    params: params as { path?: Record<string, unknown>; query?: Record<string, unknown> },
    querySerializer: createQuerySerializer(),
    pathSerializer: defaultPathSerializer,
  }) as Url<AnswerOf<P>>;
}

export interface ReadOptions {
  signal?: AbortSignal;
  token?: string | undefined;
}

/** What is at a URL. Throws {@link Problem}. */
export function read<T>(url: Url<T>, options: ReadOptions = {}): Promise<T> {
  const asked = get(url, 'application/json', options);
  return done(
    asked.then(async (response) => {
      const answer: unknown = await response.json();
      return response.ok ? { data: answer as T, response } : { error: answer, response };
    }),
  );
}

/** The bytes of a live resource, as server-sent events. Throws {@link Problem} for one that is refused. */
export function stream(url: Url<unknown>, options: ReadOptions = {}): Promise<ReadableStream<Uint8Array>> {
  const asked = get(url, 'text/event-stream', options);
  return done(
    asked.then(async (response) => {
      if (!response.ok) return { error: (await response.json()) as unknown, response };
      if (!response.body) throw new TypeError('the answer has no body');
      return { data: response.body, response };
    }),
  );
}

function get(url: string, accept: string, { signal, token }: ReadOptions): Promise<Response> {
  return fetch(url, { headers: { Accept: accept, ...bearer(token) }, ...(signal && { signal }) });
}

/** The tool `http`: one request, its answer as an envelope; from status 400 on a failure that still has it. */
import { NoetlError, type ErrorKind, type Json, type JsonObject } from '@noetl/protocol';
import { Agent, fetch, interceptors, type Dispatcher, type RequestInit } from 'undici';
import { credentialOf } from '../auth.ts';
import { FailedWith, itemTool, type ToolCall } from '../item-tool.ts';
import { booleanSetting, first, mappingSetting, numberSetting, textSetting } from '../settings.ts';
import type { Tool } from '../tool.ts';
import { authorise } from './auth.ts';
import { TokenSource } from './oauth2.ts';
import { requestOf, type HttpRequest } from './request.ts';
import { envelopeOf } from './response.ts';

const TIMEOUT_S = 60;

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    method: { type: 'string', description: 'GET by default.' },
    url: { type: 'string', description: 'http or https; `endpoint` is another name.' },
    params: { type: 'object', description: 'Query parameters; lists are repeated.' },
    headers: { type: 'object' },
    json: { description: 'Body, sent as JSON; `payload` and `body` are other names.' },
    data: { description: 'Body, or query of GET and DELETE; {query, body} gives both.' },
    form: { type: 'object', description: 'Body, form-encoded.' },
    files: { type: 'object', description: 'Multipart files: text, or {filename, content, content_type}.' },
    auth: { description: 'Name of a credential (bearer, basic, api_key, oauth2), or {type, …}.' },
    timeout: { type: 'number', description: 'Seconds, 60 by default.' },
    verify_ssl: { type: 'boolean', description: 'false accepts any certificate.' },
    ca: { type: 'string', description: 'Certificate authority to trust, PEM.' },
    cert: { type: 'string', description: 'Client certificate, PEM; with `key`.' },
    follow_redirects: { type: 'boolean', description: 'true by default.' },
    retry: {
      type: 'object',
      description:
        'max_attempts, initial_delay, backoff_multiplier, max_delay: for network errors, 429 and 5xx.',
    },
  },
};

export interface Http {
  tool: Tool;
  /** One request, for other tools. */
  run: (call: ToolCall) => Promise<Json>;
  tokens: TokenSource;
  close(): Promise<void>;
}

/** `hosts`: base URLs that are reached at another address. */
export function createHttp(hosts: Record<string, string>): Http {
  const agents = new Agents();
  const send = (config: JsonObject, signal: AbortSignal): Promise<Json> =>
    exchange(agents, requestOf(config, hosts), config, signal);
  const tokens = new TokenSource(send);
  const run = async ({ config, environment, signal }: ToolCall): Promise<Json> => {
    const request = requestOf(config, hosts);
    const credential = await credentialOf(environment, first(config, 'auth', 'credential'));
    if (credential) await authorise(request, credential, tokens, environment, signal);
    return exchange(agents, request, config, signal);
  };
  const tool = itemTool({ kind: 'http', schema: SCHEMA, timeout_s: TIMEOUT_S, run });
  return { tool, run, tokens, close: () => agents.close() };
}

async function exchange(
  agents: Agents,
  { method, url, headers, body }: HttpRequest,
  config: JsonObject,
  signal: AbortSignal,
): Promise<Json> {
  const seconds = numberSetting(config, 'timeout_seconds');
  const limits = seconds === undefined ? [signal] : [signal, AbortSignal.timeout(seconds * 1000)];
  const startedAt = performance.now();
  try {
    const response = await fetch(url, {
      method,
      headers: [...headers],
      redirect: booleanSetting(config, true, 'follow_redirects', 'allow_redirects') ? 'follow' : 'manual',
      dispatcher: agents.agent(config),
      signal: AbortSignal.any(limits),
      ...(body !== undefined && { body: body as NonNullable<RequestInit['body']> }),
    });
    return await envelopeOf(response, method, performance.now() - startedAt);
  } catch (error) {
    if (error instanceof FailedWith || error instanceof NoetlError) throw error;
    throw networkError(error, method, url);
  }
}

function networkError(thrown: unknown, method: string, url: URL): NoetlError {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const { message, code, name } = cause as { message?: string; code?: string; name?: string };
  const late = name === 'TimeoutError' || /TIMEOUT/.test(code ?? '');
  const kind: ErrorKind = late ? 'timeout' : 'connection';
  const reason = message === undefined || message === '' ? (code ?? 'no answer') : message;
  return new NoetlError('HTTP_FAILED', `${method} ${url.href} failed: ${reason}`, {
    kind,
    retryable: true,
    ...(code !== undefined && { details: { code } }),
    cause: thrown,
  });
}

/** Connections by their TLS settings and retry policy; few playbooks have more than one kind. */
class Agents {
  readonly #agents = new Map<string, { agent: Agent; dispatcher: Dispatcher }>();

  agent(config: JsonObject): Dispatcher {
    const ca = textSetting(config, 'ca', 'ca_cert');
    const cert = textSetting(config, 'cert', 'client_cert');
    const key = textSetting(config, 'key', 'client_key');
    const connect = {
      rejectUnauthorized: booleanSetting(config, true, 'verify_ssl', 'verify'),
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    };
    const retry = mappingSetting(config, 'retry');
    const name = JSON.stringify([connect, retry]);
    const known = this.#agents.get(name);
    if (known) return known.dispatcher;
    const agent = new Agent({ connect, headersTimeout: 0, bodyTimeout: 0 });
    const dispatcher = retry ? agent.compose(interceptors.retry(retryOptions(retry))) : agent;
    this.#agents.set(name, { agent, dispatcher });
    return dispatcher;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map(({ agent }) => agent.destroy()));
    this.#agents.clear();
  }
}

function retryOptions(retry: JsonObject) {
  const ms = (fallback: number, ...names: string[]): number =>
    (numberSetting(retry, ...names) ?? fallback) * 1000;
  return {
    maxRetries: Math.max(0, (numberSetting(retry, 'max_attempts', 'attempts') ?? 3) - 1),
    minTimeout: ms(0.5, 'initial_delay', 'delay'),
    maxTimeout: ms(30, 'max_delay'),
    timeoutFactor: numberSetting(retry, 'backoff_multiplier', 'backoff_factor') ?? 2,
    methods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'PATCH'] as Dispatcher.HttpMethod[],
    statusCodes: [429, 500, 502, 503, 504],
  };
}

/** The tool `http`: one request, its answer as an envelope; from status 400 on a failure that still has it. */
import type { Json, JsonObject } from '@noetl/protocol';
import { guardedConnector, type Lookup, type OutboundPolicy } from '@noetl/service';
import { LRUCache } from 'lru-cache';
import { Agent } from 'undici';
import { credentialOf } from '../auth.ts';
import { FailedWith, itemTool, type ToolCall } from '../item-tool.ts';
import { booleanSetting, first, textSetting } from '../settings.ts';
import type { Permit, Tool } from '../tool.ts';
import { authorise } from './auth.ts';
import { TokenSource } from './oauth2.ts';
import { requestOf, type HttpRequest } from './request.ts';
import { send } from './send.ts';

const TIMEOUT_S = 60;
const AGENTS_MAX = 50;

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
    timeout: { type: 'number', description: 'Seconds, 60 by default; `timeout_seconds` is another name.' },
    verify_ssl: { type: 'boolean', description: 'false accepts any certificate.' },
    ca: { type: 'string', description: 'Certificate authority to trust, PEM.' },
    cert: { type: 'string', description: 'Client certificate, PEM; with `key`.' },
    follow_redirects: { type: 'boolean', description: 'true by default.' },
    retry: {
      type: 'object',
      description:
        'max_attempts, initial_delay, backoff_multiplier, max_delay: for network errors, 429, 500, 502, 503 and 504.',
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

export interface HttpOptions {
  /** Base URLs that are reached at another address. */
  hosts: Record<string, string>;
  outbound: OutboundPolicy;
  /** How names are resolved, unless as the system does it. */
  lookup?: Lookup;
}

export function createHttp({ hosts, outbound, lookup }: HttpOptions): Http {
  const agents = new Agents(outbound, lookup);
  const sendAs = (
    request: HttpRequest,
    config: JsonObject,
    signal: AbortSignal,
    permit?: Permit,
  ): Promise<Json> => send(request, config, { dispatcher: agents.agent(config), hosts, signal, permit });
  const tokens = new TokenSource((config, signal) => sendAs(requestOf(config, hosts), config, signal));
  const run = async ({ config, environment, signal }: ToolCall): Promise<Json> => {
    const request = requestOf(config, hosts);
    // One that the playbook gives comes first.
    const { traceparent } = environment;
    if (traceparent !== undefined && !request.headers.has('traceparent'))
      request.headers.set('traceparent', traceparent);
    const credential = await credentialOf(environment, first(config, 'auth', 'credential'));
    if (credential) await authorise(request, credential, tokens, environment, signal);
    try {
      return await sendAs(request, config, signal, environment.permit);
    } catch (error) {
      if (credential && isRefused(error)) tokens.forget(credential.data);
      throw error;
    }
  };
  const tool = itemTool({ kind: 'http', schema: SCHEMA, timeout_s: TIMEOUT_S, run });
  return { tool, run, tokens, close: () => agents.close() };
}

function isRefused(error: unknown): boolean {
  return error instanceof FailedWith && error.failure.details?.['http_status'] === 401;
}

/** Connections by their TLS settings; few playbooks have more than one kind. */
class Agents {
  readonly #outbound: OutboundPolicy;
  readonly #lookup: Lookup | undefined;
  readonly #agents = new LRUCache<string, Agent>({
    max: AGENTS_MAX,
    // Requests on their way keep their connection.
    dispose: (agent) => void agent.close().catch(() => undefined),
  });

  constructor(outbound: OutboundPolicy, lookup: Lookup | undefined) {
    this.#outbound = outbound;
    this.#lookup = lookup;
  }

  agent(config: JsonObject): Agent {
    const ca = textSetting(config, 'ca', 'ca_cert');
    const cert = textSetting(config, 'cert', 'client_cert');
    const key = textSetting(config, 'key', 'client_key');
    const connect = {
      rejectUnauthorized: booleanSetting(config, true, 'verify_ssl', 'verify'),
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    };
    const name = JSON.stringify(connect);
    const known = this.#agents.get(name);
    if (known) return known;
    const agent = new Agent({
      connect: guardedConnector(this.#outbound, connect, this.#lookup),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#agents.set(name, agent);
    return agent;
  }

  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    await Promise.all(agents.map((agent) => agent.destroy()));
    this.#agents.clear();
  }
}

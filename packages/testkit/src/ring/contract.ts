/**
 * The api held to its own OpenAPI document: every request is checked against it before it is sent, every answer when it
 * has come, with no field that the document does not tell.
 */
import formats from 'ajv-formats';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { fetchAsAdmin } from '../auth.ts';

interface Told {
  operationId: string;
  parameters?: { name: string; in: 'path' | 'query' | 'header'; schema: Record<string, unknown> }[];
  requestBody?: { required: boolean; content: Record<string, object> };
  responses: Record<string, { content: Record<string, object> }>;
}

interface Document {
  paths: Record<string, Record<string, Told>>;
}

interface Operation extends Told {
  method: string;
  template: string;
}

export interface Call {
  path?: Record<string, string>;
  query?: Record<string, unknown>;
  headers?: Record<string, string>;
  /** Text is sent as it is, anything else as JSON. */
  body?: unknown;
  type?: string;
  accept?: string;
  /** What the answer must be. */
  status?: number;
}

const JSON_TYPE = 'application/json';
const STREAM = 'text/event-stream';
const PROBLEM = 'application/problem+json';
const PROBLEM_SCHEMA = { $ref: 'noetl#/components/schemas/Problem' };
const EVENT_SCHEMA = { $ref: 'noetl#/components/schemas/Event' };

export class Contract {
  readonly operations: readonly Operation[];
  readonly #url: string;
  readonly #requests: Ajv2020;
  readonly #answers: Ajv2020;
  readonly #tried = new Set<string>();

  private constructor(url: string, document: Document) {
    this.#url = url;
    this.#requests = validator(document);
    this.#answers = validator(closed(document) as Document);
    this.operations = Object.entries(document.paths).flatMap(([template, methods]) =>
      Object.entries(methods).map(([method, told]) => ({ ...told, method, template })),
    );
  }

  static async of(url: string): Promise<Contract> {
    const response = await fetchAsAdmin(`${url}/openapi.json`);
    return new Contract(url, (await response.json()) as Document);
  }

  /** The answer: JSON, the lines of NDJSON, or text. A stream is read up to its first value. */
  async call<T = Record<string, unknown>>(operationId: string, call: Call = {}): Promise<T> {
    const { status = 200, accept = JSON_TYPE } = call;
    const operation = this.#operation(operationId);
    this.#checkRequest(operation, call);
    const response = await this.#send(operation, call);
    const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
    if (response.status !== status)
      throw new Error(`${operationId} answered ${String(response.status)}: ${await response.text()}`);
    const content = operation.responses[String(status)]?.content ?? { [PROBLEM]: {} };
    if (!(type in content))
      throw new Error(`${operationId} answered ${String(status)} as ${type}, for ${accept}`);
    if (type === PROBLEM) return this.#checked(operationId, PROBLEM_SCHEMA, await response.json()) as T;
    this.#tried.add(`${operationId} ${String(status)} ${type}`);
    const schema = reference(operation, ['responses', String(status), 'content', type]);
    if (type === STREAM) return (await this.#firstOf(operation, response)) as T;
    const text = await response.text();
    if (type === 'application/x-ndjson') {
      const lines = text.split('\n').slice(0, -1);
      return lines.map((line) => this.#checked(operationId, schema, JSON.parse(line))) as T;
    }
    return this.#checked(operationId, schema, type.endsWith('json') ? JSON.parse(text) : text) as T;
  }

  /** Answers of success that no call has had. */
  untried(): string[] {
    const all = this.operations.flatMap(({ operationId, responses }) =>
      Object.entries(responses)
        .filter(([status]) => status.startsWith('2'))
        .flatMap(([status, { content }]) =>
          Object.keys(content).map((type) => `${operationId} ${status} ${type}`),
        ),
    );
    return all.filter((answer) => !this.#tried.has(answer));
  }

  #operation(operationId: string): Operation {
    const found = this.operations.find((operation) => operation.operationId === operationId);
    if (!found) throw new Error(`the document has no operation ${operationId}`);
    return found;
  }

  #send({ method, template, parameters = [] }: Operation, call: Call): Promise<Response> {
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(call.path?.[name] ?? ''),
    );
    const query = new URLSearchParams(
      Object.entries(call.query ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const unknown = [...query.keys()].find(
      (name) => !parameters.some((parameter) => parameter.in === 'query' && parameter.name === name),
    );
    if (unknown !== undefined) throw new Error(`${template} has no parameter ${unknown}`);
    const { body, type = JSON_TYPE, accept = JSON_TYPE } = call;
    return fetchAsAdmin(`${this.#url}${path}?${query.toString()}`, {
      method: method.toUpperCase(),
      headers: { accept, ...(body !== undefined && { 'content-type': type }), ...call.headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  /** Only what is meant to be refused may break the contract. */
  #checkRequest(operation: Operation, { body, type = JSON_TYPE, query = {}, status = 200 }: Call): void {
    if (status >= 400) return;
    for (const { name, in: where, schema } of operation.parameters ?? [])
      if (where === 'query' && name in query && !this.#requests.validate(schema, query[name]))
        throw new Error(`the query of ${operation.operationId}: ${name} ${this.#requests.errorsText()}`);
    if (body === undefined && operation.requestBody?.required !== true) return;
    if (!this.#requests.validate(reference(operation, ['requestBody', 'content', type]), body))
      throw new Error(`the body of ${operation.operationId}: ${this.#requests.errorsText()}`);
  }

  #checked(operationId: string, schema: AnySchemaObject, value: unknown): unknown {
    if (this.#answers.validate(schema, value)) return value;
    const faults = (this.#answers.errors ?? []).map(
      ({ instancePath, message = '', params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
    throw new Error(`${operationId}: ${faults.join('; ')} in ${JSON.stringify(value)}`);
  }

  /** The first value of a stream; events come one by one, everything else as it would come without a stream. */
  async #firstOf(operation: Operation, response: Response): Promise<unknown> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const data = /^data: (.*)\n/m.exec(text)?.[1];
      if (data === undefined) continue;
      const value: unknown = JSON.parse(data);
      const isEvent = operation.operationId === 'listEvents';
      return this.#checked(
        operation.operationId,
        isEvent ? EVENT_SCHEMA : reference(operation, ['responses', '200', 'content', JSON_TYPE]),
        value,
      );
    }
    throw new Error(`the stream of ${operation.operationId} ended without a value`);
  }
}

/** The schema at a place below an operation. */
function reference({ method, template }: Operation, below: string[]): AnySchemaObject {
  const parts = ['paths', template, method, ...below, 'schema'];
  const pointer = parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
  return { $ref: `noetl#/${pointer.join('/')}` };
}

function validator(document: Document): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(document, 'noetl');
  return ajv;
}

/** The same schemas, refusing fields that they do not tell: the document leaves room for later versions, tests do not. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== 'object' || part === null) return part;
  const inner = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]));
  const isOpen = inner['type'] === 'object' && 'properties' in inner && !('additionalProperties' in inner);
  return isOpen ? { ...inner, additionalProperties: false } : inner;
}

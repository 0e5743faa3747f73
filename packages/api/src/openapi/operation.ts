/** What the document says of one endpoint; its checks are those that the route itself uses. */
import type { Parameters } from '../http/query.ts';
import type { SchemaOf } from '../http/request.ts';
import { named, text, type Schema } from './schema.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Schemas by media type. */
export type Content = Record<string, Schema>;

export interface Operation {
  method: Method;
  /** As Express has it. */
  path: string;
  operationId: string;
  summary: string;
  tag: string;
  query?: Parameters;
  headers?: Record<string, string>;
  body?: Content;
  /** A body may be left away. */
  bodyOptional?: boolean;
  answers: Record<number, Content>;
}

type Told = Omit<Operation, 'method' | 'path' | 'tag' | 'operationId' | 'summary'>;

/** Operations of one part of the api. */
export function operations(
  tag: string,
  told: Record<string, [endpoint: string, summary: string, rest: Told]>,
): Operation[] {
  return Object.entries(told).map(([operationId, [endpoint, summary, rest]]) => {
    const [method = '', path = ''] = endpoint.split(' ');
    return { method: method.toLowerCase() as Method, path, operationId, summary, tag, ...rest };
  });
}

export function json(schema: Schema): Content {
  return { 'application/json': schema };
}

/** A value that comes as a stream as well: again whenever it has changed. */
export function live(schema: Schema): Content {
  return { ...json(schema), ...stream };
}

export const stream: Content = {
  'text/event-stream': { ...text, description: 'Server-sent events; `data` of each is JSON.' },
};

/** A JSON body, read by this schema; with a name where others speak of it. */
export function body<T>(
  { schema }: { schema: SchemaOf<T> },
  name?: string,
): Pick<Operation, 'body' | 'bodyOptional'> {
  const needed = 'required' in schema || 'anyOf' in schema;
  return {
    body: json(name === undefined ? schema : named(name, schema)),
    ...(!needed && { bodyOptional: true }),
  };
}

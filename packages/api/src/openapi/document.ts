/** The OpenAPI 3.1 document, made of what the routes themselves check by. */
import { createRequire } from 'node:module';
import { OPERATIONS } from './operations.ts';
import { RULES } from '../access/rules.ts';
import { problem } from './answers/problem.ts';
import type { Content, Operation } from './operation.ts';
import { id, NAME, text, type Schema } from './schema.ts';

export type OpenApi = ReturnType<typeof openApi>;

interface Place {
  schemas: Record<string, unknown>;
}

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Names of path parameters that are ids; all others are text. */
const IDS = new Set(['id', 'execution_id', 'catalog_id']);
const ABOUT: Record<string, string> = {
  path: 'Slashes stand in it as they are, or encoded.',
  step: 'A loop step.',
};

/** `paths` with Express's `:id` and `*path` as `{id}` and `{path}`. */
export function openApi(operations: readonly Operation[] = OPERATIONS) {
  const place: Place = { schemas: {} };
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = templateOf(operation.path);
    (paths[path] ??= {})[operation.method] = told(operation, place);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'NoETL',
      version,
      summary: 'Runs playbooks with very large loops.',
      description:
        'Ids are text: they are 64-bit numbers. Errors are problem details (RFC 9457) with a stable `code` and a `hint`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'An API token, or a JWT of the identity provider. None is asked for where NOETL_AUTH is off.',
        },
      },
      responses: {
        Problem: {
          description: 'What is wrong, and what to do next.',
          content: contentOf({ 'application/problem+json': problem }, place),
        },
        Unauthenticated: {
          description: 'There is no token, or it is not valid (any more).',
          headers: { 'WWW-Authenticate': { schema: { type: 'string' } } },
          content: contentOf({ 'application/problem+json': problem }, place),
        },
        Forbidden: {
          description: 'The token does not allow this.',
          content: contentOf({ 'application/problem+json': problem }, place),
        },
      },
      schemas: place.schemas,
    },
  };
}

/** Express's path as OpenAPI writes it. */
export function templateOf(path: string): string {
  return path.replace(/[:*](\w+)/g, '{$1}');
}

function told(operation: Operation, place: Place): object {
  const { operationId, summary, tag, body, bodyOptional, answers, method, path } = operation;
  const rule = RULES.get(`${method.toUpperCase()} ${path}`);
  const isOpen = rule?.target === 'open';
  const parameters = parametersOf(operation, place);
  return {
    operationId,
    summary,
    tags: [tag],
    ...(isOpen && { security: [] }),
    ...(rule && !isOpen && { description: `Needs the role ${rule.role}.` }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: bodyOptional !== true, content: contentOf(body, place) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, content]) => [
          status,
          { description: DESCRIPTIONS[status] ?? 'Done.', content: contentOf(content, place) },
        ]),
      ),
      ...(!isOpen && {
        401: { $ref: '#/components/responses/Unauthenticated' },
        403: { $ref: '#/components/responses/Forbidden' },
      }),
      '4XX': { $ref: '#/components/responses/Problem' },
      '5XX': { $ref: '#/components/responses/Problem' },
    },
  };
}

const DESCRIPTIONS: Record<string, string> = {
  201: 'Created.',
  202: 'Begun.',
  503: 'It cannot work now.',
};

function parametersOf({ path, query = {}, headers = {} }: Operation, place: Place): object[] {
  const inPath = [...path.matchAll(/[:*](\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...(ABOUT[name] !== undefined && { description: ABOUT[name] }),
    schema: hoisted(IDS.has(name) ? id : text, place),
  }));
  const inQuery = Object.entries(query).map(([name, { schema, about, required }]) => ({
    name,
    in: 'query',
    ...(about !== undefined && { description: about }),
    ...(required === true && { required }),
    schema,
  }));
  const inHeaders = Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: text,
  }));
  return [...inPath, ...inQuery, ...inHeaders];
}

function contentOf(content: Content, place: Place): object {
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [type, { schema: hoisted(schema, place) }]),
  );
}

/** The schema as plain JSON; those with a name go to `place`, and a reference stands for them. */
function hoisted(schema: unknown, place: Place): unknown {
  if (Array.isArray(schema)) return schema.map((part) => hoisted(part, place));
  if (typeof schema !== 'object' || schema === null) return schema;
  const name = (schema as Schema)[NAME];
  const plain = (): object =>
    Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, hoisted(part, place)]));
  if (name === undefined) return plain();
  if (!(name in place.schemas)) {
    // Held first, so that a schema may refer to itself.
    place.schemas[name] = {};
    place.schemas[name] = plain();
  }
  return { $ref: `#/components/schemas/${name}` };
}

/** Registering playbooks and reading the catalog. */
import { isUtf8 } from 'node:buffer';
import type { Request, Router } from 'express';
import { documentHead, parsePlaybook, type Diagnostic } from '@noetl/playbook';
import { isJsonObject, NoetlError, type Id, type Json } from '@noetl/protocol';
import {
  findHead,
  findResource,
  listResources,
  listVersions,
  registerResource,
  type CatalogEntry,
} from '@noetl/store';
import { accessOf, type Access } from '../access/caller.ts';
import { readQuery, text, wholeNumber } from '../http/query.ts';
import { bodyReader, idOf, jsonBody, textBody } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';

/** Entries of one page of the list; `next` is the path to go on after. */
const LIST_MAX = 500;

/** Kinds of documents that the catalog keeps besides playbooks. */
const STORED_KINDS = ['Credential', 'Subscription', 'Mcp', 'Agent', 'Tool', 'Config', 'ConfigMap'];

/** Types that a playbook comes in. */
export const PLAYBOOK_TYPES = [
  'application/yaml',
  'application/x-yaml',
  'text/yaml',
  'text/x-yaml',
  'application/json',
  'text/plain',
  'application/x-www-form-urlencoded',
];

export function catalogRoutes(router: Router, deps: ApiDeps): void {
  router.post('/catalog/register', async (request, response) => {
    const content = playbookText(request);
    const head = headOf(content, request);
    const { path, warnings } = identified(content, head);
    const { kind } = head;
    const access = accessOf(response);
    access.checkNew(path);
    access.note({ object: `catalog ${path}` });
    const before = await findResource(deps.store, { path });
    const registered = await registerResource(deps.store, { catalog_id: deps.newId(), path, kind, content });
    const { version, catalog_id, created } = registered;
    access.note({ object: `catalog ${path}`, before: before?.content, after: content });
    const message = created
      ? `Registered ${path} as version ${String(version)}`
      : `${path} is unchanged: it is version ${String(version)}`;
    response
      .status(created ? 201 : 200)
      .json({ status: 'success', message, path, version, catalog_id, kind, warnings });
  });
  const list = async (
    { resource_type, after, limit = LIST_MAX }: ListQuery,
    { prefixes }: Access,
  ): Promise<object> => {
    const filter = {
      ...(resource_type && { kind: resource_type }),
      ...(after && { after }),
      prefixes,
      limit,
    };
    const entries = await listResources(deps.store, filter);
    return { entries, next: entries.length === limit ? (entries.at(-1)?.path ?? null) : null };
  };
  router.get('/catalog', async (request, response) => {
    const { kind, ...page } = readQuery(CATALOG_QUERY, request.query);
    const query = { ...page, ...(kind !== undefined && { resource_type: kind }) };
    response.json(await list(query, accessOf(response)));
  });
  router.post('/catalog/list', async (request, response) => {
    response.json(await list(readList(jsonBody(request)), accessOf(response)));
  });
  router.post('/catalog/resource', async (request, response) => {
    response.json(await resource(deps, readResource(jsonBody(request)), accessOf(response)));
  });
  router.get('/catalog/*path', async (request, response) => {
    const path = request.params['path'].join('/');
    const latest = await findResource(deps.store, { path });
    if (!latest) throw new NoetlError('PATH_UNKNOWN', `the catalog has no "${path}"`);
    response.json({ ...latest, versions: await listVersions(deps.store, path) });
  });
}

interface ResourceQuery {
  catalog_id?: string | number;
  path?: string;
  version?: number | 'latest';
}

interface ListQuery {
  resource_type?: string | null;
  after?: string | null;
  limit?: number;
}

export const CATALOG_QUERY = {
  kind: text('only documents of this kind, such as Playbook'),
  after: text('the last path of the page before'),
  limit: wholeNumber({ fallback: LIST_MAX, min: 1, max: LIST_MAX }),
};

export const readList = bodyReader<ListQuery>({
  type: 'object',
  properties: {
    resource_type: { type: ['string', 'null'] },
    after: { type: ['string', 'null'] },
    limit: { type: 'integer', minimum: 1, maximum: LIST_MAX },
  },
});
export const readResource = bodyReader<ResourceQuery>({
  type: 'object',
  properties: {
    catalog_id: { type: ['string', 'integer'] },
    path: { type: 'string' },
    version: { anyOf: [{ type: 'integer', minimum: 1 }, { const: 'latest' }] },
  },
  anyOf: [{ required: ['catalog_id'] }, { required: ['path'] }],
});

/** One entry by id, or by path and version. */
async function resource(deps: ApiDeps, query: ResourceQuery, access: Access): Promise<CatalogEntry> {
  if (query.catalog_id !== undefined) {
    const catalog_id = catalogIdOf(query.catalog_id);
    const entry = await findResource(deps.store, { catalog_id });
    const unknown = new NoetlError('VERSION_UNKNOWN', `the catalog has no entry ${catalog_id}`);
    if (!entry) throw unknown;
    access.check(entry.path, unknown);
    return entry;
  }
  const path = query.path ?? '';
  access.check(path, new NoetlError('PATH_UNKNOWN', `the catalog has no playbook "${path}"`));
  const version = typeof query.version === 'number' ? { version: query.version } : {};
  const entry = await findResource(deps.store, { path, ...version });
  if (entry) return entry;
  if (query.version !== undefined && (await findHead(deps.store, { path }))) {
    throw new NoetlError('VERSION_UNKNOWN', `"${path}" has no version ${String(query.version)}`);
  }
  throw new NoetlError('PATH_UNKNOWN', `the catalog has no playbook "${path}"`);
}

/** Throws BODY_INVALID. */
export function catalogIdOf(written: string | number): Id {
  if (typeof written === 'number' && !Number.isSafeInteger(written))
    throw new NoetlError('BODY_INVALID', 'catalog_id as a number has lost digits', {
      hint: 'Send ids as text.',
    });
  return idOf(String(written), 'catalog_id');
}

/** The document itself, or `{"content": …}` around it, plain or in base64. */
export function playbookText(request: Request): string {
  const type = (request.headers['content-type'] ?? 'text/plain').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!PLAYBOOK_TYPES.includes(type)) {
    throw new NoetlError(
      'MEDIA_TYPE',
      `"${type}" is not a type a playbook comes in; use ${PLAYBOOK_TYPES.join(', ')}`,
    );
  }
  const body = textBody(request);
  if (body.trim() === '')
    throw new NoetlError('BODY_INVALID', 'the body is empty: send the playbook', {
      hint: registerCommand(request),
    });
  const content = contentOf(body);
  return content === undefined ? body : decoded(content);
}

function contentOf(body: string): string | undefined {
  if (!body.trimStart().startsWith('{')) return undefined;
  let parsed: Json;
  try {
    parsed = JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
  return isJsonObject(parsed) && typeof parsed['content'] === 'string' && !('workflow' in parsed)
    ? parsed['content']
    : undefined;
}

/** Base64 is one run of its alphabet; a playbook has colons and spaces. */
function decoded(content: string): string {
  const compact = content.replace(/\s/g, '');
  const isBase64 = compact.length > 0 && compact.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(compact);
  if (!isBase64) return content;
  const bytes = Buffer.from(compact, 'base64');
  const text = bytes.toString('utf8');
  return isUtf8(bytes) && text.includes(':') ? text : content;
}

/** Playbooks are checked; documents of other kinds are kept as they are, and cannot be executed. */
function identified(
  content: string,
  { kind, path }: ReturnType<typeof documentHead>,
): {
  path: string;
  warnings: Diagnostic[];
} {
  // `kind: Playbok` is a mistake, not another kind.
  if (!STORED_KINDS.includes(kind)) {
    const { playbook, warnings } = parsePlaybook(content);
    return { path: playbook.path, warnings };
  }
  if (path === undefined)
    throw new NoetlError(
      'PLAYBOOK_INVALID',
      `a document of kind ${kind} needs metadata.path or metadata.name`,
    );
  return { path, warnings: [] };
}

/** Names the caller's own URL in the command that would have worked. */
function headOf(content: string, request: Request): ReturnType<typeof documentHead> {
  try {
    return documentHead(content);
  } catch (error) {
    if (!(error instanceof NoetlError) || error.code !== 'YAML_NEWLINES_LOST') throw error;
    throw new NoetlError('YAML_NEWLINES_LOST', error.message, {
      hint: `curl -d strips newlines. Use: ${registerCommand(request)}`,
    });
  }
}

function registerCommand(request: Request): string {
  const url = `${request.protocol}://${request.headers.host ?? 'localhost:8082'}${request.originalUrl}`;
  return `curl -X POST ${url} -H "Content-Type: application/yaml" --data-binary @playbook.yaml`;
}

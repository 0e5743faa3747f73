/** Credentials: written here, never read back; workers open them when a step needs one. */
import type { Router } from 'express';
import { NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { deleteCredential, getCredential, listCredentials, saveCredential } from '@noetl/store';
import { accessOf } from '../access/caller.ts';
import { flag, readQuery, text } from '../http/query.ts';
import { bodyReader, jsonBody } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';

interface CredentialBody {
  name: string;
  type: string;
  data: JsonObject;
  meta?: Json;
  tags?: string[] | null;
  description?: string | null;
}

export const readCredentialBody = bodyReader<CredentialBody>({
  type: 'object',
  required: ['name', 'type', 'data'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 200 },
    type: { type: 'string', minLength: 1, maxLength: 100 },
    data: { type: 'object' },
    meta: {},
    tags: { type: ['array', 'null'], items: { type: 'string', maxLength: 200 }, maxItems: 50 },
    description: { type: ['string', 'null'], maxLength: 2000 },
  },
});

export const CREDENTIALS_QUERY = { type: text(), q: text('part of the name') };
export const CREDENTIAL_QUERY = { include_data: flag(false, 'refused when true: data is never shown') };

/** Fields without which a credential of a type is of no use: each list names alternatives. */
const REQUIRED: Record<string, string[][]> = {
  postgres: [
    ['db_host', 'host', 'dsn', 'url'],
    ['db_user', 'user', 'dsn', 'url'],
  ],
  nats: [['nats_url', 'url', 'servers']],
  bearer: [['token', 'access_token', 'api_key']],
  basic: [['username', 'user']],
  api_key: [['api_key', 'key', 'value', 'token']],
  oauth2: [['endpoint', 'token_url', 'token_endpoint', 'url']],
};

export function credentialRoutes(router: Router, deps: ApiDeps): void {
  router.post('/credentials', async (request, response) => {
    const { name, type, data, meta, tags, description } = readCredentialBody(jsonBody(request));
    checkFields(type, data);
    const access = accessOf(response);
    access.checkNew(name);
    const before = await getCredential(deps.store, name);
    const record = await saveCredential(deps.store, deps.sealer, {
      name,
      type,
      data,
      ...(meta !== undefined && { meta }),
      ...(tags && { tags }),
      ...(typeof description === 'string' && { description }),
    });
    access.note({ object: `credential ${name}`, before, after: record });
    response.status(before ? 200 : 201).json(record);
  });

  router.get('/credentials', async (request, response) => {
    const { type, q } = readQuery(CREDENTIALS_QUERY, request.query);
    const filter = { ...(type !== undefined && { type }), ...(q !== undefined && { query: q }) };
    const { prefixes } = accessOf(response);
    response.json({ items: await listCredentials(deps.store, { ...filter, prefixes }), filter });
  });

  router.get('/credentials/:name', async (request, response) => {
    if (readQuery(CREDENTIAL_QUERY, request.query).include_data) {
      throw new NoetlError('CREDENTIAL_INVALID', 'the data of a credential is never shown', {
        hint: 'Leave include_data away; to change a credential, send it again as a whole.',
      });
    }
    const record = await getCredential(deps.store, request.params.name);
    if (!record) throw unknown(request.params.name);
    response.json(record);
  });

  router.delete('/credentials/:name', async (request, response) => {
    if (!(await deleteCredential(deps.store, request.params.name))) throw unknown(request.params.name);
    response.json({ status: 'deleted', name: request.params.name });
  });
}

function checkFields(type: string, data: JsonObject): void {
  for (const alternatives of REQUIRED[type] ?? []) {
    if (alternatives.some((name) => data[name] !== undefined && data[name] !== null)) continue;
    throw new NoetlError(
      'CREDENTIAL_INVALID',
      `a credential of type ${type} needs ${alternatives.join(' or ')}`,
    );
  }
}

function unknown(name: string): NoetlError {
  return new NoetlError('CREDENTIAL_NOT_FOUND', `there is no credential "${name}"`);
}

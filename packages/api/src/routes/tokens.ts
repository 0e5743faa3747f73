/** API tokens over HTTP: made, listed and revoked by admins; a token itself is in the answer that makes it, once. */
import type { Router } from 'express';
import { NoetlError, prefixOf, ROLES, type Role } from '@noetl/protocol';
import { createApiToken, listApiTokens, revokeApiToken } from '@noetl/store';
import { accessOf } from '../access/caller.ts';
import { bodyReader, jsonBody } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';

const DAYS = 90;
const DAYS_MAX = 3_650;

interface TokenBody {
  name: string;
  grants: { role: Role; prefix?: string }[];
  /** Never when null. */
  expires_in_days?: number | null;
}

export const readToken = bodyReader<TokenBody>({
  type: 'object',
  required: ['name', 'grants'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 200, description: 'Whose it is, for the audit log.' },
    grants: {
      type: 'array',
      minItems: 1,
      maxItems: 50,
      items: {
        type: 'object',
        required: ['role'],
        properties: {
          role: { enum: ROLES },
          prefix: { type: 'string', description: 'Catalog paths below it; empty or absent for all.' },
        },
        additionalProperties: false,
      },
    },
    expires_in_days: {
      type: ['integer', 'null'],
      minimum: 1,
      maximum: DAYS_MAX,
      default: DAYS,
      description: 'Never when null.',
    },
  },
  additionalProperties: false,
});

export function tokenRoutes(router: Router, { store, auth }: ApiDeps): void {
  router.get('/whoami', (_, response) => {
    const { name, via, token_id, grants } = accessOf(response).caller;
    response.json({ name, via, token_id, grants, auth: auth.on ? 'on' : 'off' });
  });

  router.get('/tokens', async (_, response) => {
    response.json({ tokens: await listApiTokens(store) });
  });

  router.post('/tokens', async (request, response) => {
    const { name, grants, expires_in_days: days = DAYS } = readToken(jsonBody(request));
    const access = accessOf(response);
    const { token, record } = await createApiToken(store, {
      name,
      grants: grants.map(({ role, prefix = '' }) => ({ role, prefix: prefixOf(prefix) })),
      created_by: access.caller.name,
      days,
    });
    access.note({ object: `token ${record.token_id}`, after: record });
    response
      .status(201)
      .set('Cache-Control', 'no-store')
      .json({ token, ...record });
  });

  router.delete('/tokens/:id', async (request, response) => {
    const { id } = request.params;
    const record = await revokeApiToken(store, id);
    if (!record) throw new NoetlError('TOKEN_UNKNOWN', `there is no token ${id}`);
    accessOf(response).note({ object: `token ${id}`, after: record });
    response.json(record);
  });
}

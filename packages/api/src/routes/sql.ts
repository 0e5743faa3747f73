/** Read-only SQL over HTTP, as NoETL's scripts use it: off unless configured, always answered with 200. */
import type { Router } from 'express';
import { NoetlError, type Json } from '@noetl/protocol';
import { readOnlySql } from '@noetl/store';
import { bodyReader, jsonBody } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';

interface SqlBody {
  query?: string;
  query_base64?: string;
  procedure?: string;
  parameters?: Json[] | null;
  schema?: string | null;
  database?: string | null;
  credential?: string | null;
  connection_string?: string | null;
}

const text = { type: ['string', 'null'] };

export const readSql = bodyReader<SqlBody>({
  type: 'object',
  properties: {
    query: { type: 'string', minLength: 1 },
    query_base64: { type: 'string', minLength: 1 },
    procedure: text,
    parameters: { type: ['array', 'null'] },
    schema: text,
    database: text,
    credential: text,
    connection_string: text,
  },
  anyOf: [{ required: ['query'] }, { required: ['query_base64'] }, { required: ['procedure'] }],
});

/** Names of other databases and things that write: this endpoint reads the platform's own database. */
const REFUSED = ['procedure', 'database', 'credential', 'connection_string'] as const;

export function sqlRoutes(router: Router, deps: ApiDeps): void {
  router.post('/postgres/execute', async (request, response) => {
    if (!deps.sqlEndpoint)
      throw new NoetlError('SQL_ENDPOINT_OFF', 'SQL over HTTP is not switched on in this server');
    const body = readSql(jsonBody(request));
    const refused = REFUSED.find((name) => body[name] !== undefined && body[name] !== null);
    if (refused !== undefined) {
      throw new NoetlError(
        'BODY_INVALID',
        `\`${refused}\` is not supported: only the platform's own database is read`,
        {
          hint: 'For other databases and for writing use a step with the postgres tool.',
        },
      );
    }
    const query = body.query ?? Buffer.from(body.query_base64 ?? '', 'base64').toString('utf8');
    try {
      const { rows, truncated } = await readOnlySql(deps.store, {
        query: query.trim().replace(/;\s*$/, ''),
        parameters: body.parameters ?? [],
        ...(typeof body.schema === 'string' && body.schema !== '' && { schema: body.schema }),
      });
      response.json({ status: 'ok', result: rows, error: null, ...(truncated && { truncated }) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      response.json({ status: 'error', result: null, error: message });
    }
  });
}

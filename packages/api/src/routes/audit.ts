/** The audit log by keyset pages, for admins. */
import type { Router } from 'express';
import { listAudit } from '@noetl/store';
import { id, readQuery, text, time, wholeNumber, word } from '../http/query.ts';
import type { ApiDeps } from './deps.ts';

const OUTCOMES = ['DONE', 'REFUSED', 'FAILED', 'ABORTED'] as const;

export const AUDIT_QUERY = {
  who: text('name of the caller'),
  action: text('such as execution.start'),
  object: text('such as token 0123456789abcdef'),
  outcome: word(OUTCOMES),
  since: time('at or after this time'),
  until: time('before this time'),
  after: id('`next` of the page before'),
  limit: wholeNumber({ fallback: 100, min: 1, max: 500 }),
};

export function auditRoutes(router: Router, { store }: ApiDeps): void {
  router.get('/audit', async (request, response) => {
    const { outcome, ...filter } = readQuery(AUDIT_QUERY, request.query);
    const entries = await listAudit(store, {
      ...filter,
      ...(outcome && { outcome: outcome.toLowerCase() as Lowercase<typeof outcome> }),
    });
    const next = entries.length === filter.limit ? (entries.at(-1)?.audit_id ?? null) : null;
    response.json({ entries, next });
  });
}

/** Endpoints of callers, tokens and the audit log. */
import { AUDIT_QUERY } from '../../routes/audit.ts';
import { readToken } from '../../routes/tokens.ts';
import * as answer from '../answers/access.ts';
import { body, json, operations } from '../operation.ts';

export const accessOperations = operations('Access', {
  getCaller: [
    'GET /api/whoami',
    'Who the token belongs to, and what it may do',
    { answers: { 200: json(answer.caller) } },
  ],
  listTokens: [
    'GET /api/tokens',
    'All API tokens, without the tokens',
    { answers: { 200: json(answer.tokenList) } },
  ],
  createToken: [
    'POST /api/tokens',
    'Make an API token; it is shown in this answer only',
    { ...body(readToken), answers: { 201: json(answer.newToken) } },
  ],
  revokeToken: [
    'DELETE /api/tokens/:id',
    'Take a token out of use, from this moment on',
    { answers: { 200: json(answer.token) } },
  ],
  listAudit: [
    'GET /api/audit',
    'Who did what, the newest first; written while authentication is on',
    { query: AUDIT_QUERY, answers: { 200: json(answer.auditPage) } },
  ],
});

/** Callers, tokens, and the audit log. */
import { ROLES } from '@noetl/protocol';
import { about, id, list, named, nullable, object, text, time, whole, words } from '../schema.ts';

const grant = named(
  'Grant',
  object({
    role: words(...ROLES),
    prefix: about('Catalog paths below it; empty for all, and for the installation itself.', text),
  }),
);

export const caller = named(
  'Caller',
  object({
    name: text,
    via: words('local', 'admin_token', 'token', 'oidc'),
    token_id: nullable(text),
    grants: list(grant),
    auth: about('`off`: nobody has to sign in.', words('on', 'off')),
  }),
);

const record = {
  token_id: text,
  name: text,
  grants: list(grant),
  created_by: text,
  created_at: time,
  expires_at: nullable(time),
  revoked_at: nullable(time),
  last_used_at: about('Exact to a minute.', nullable(time)),
};

export const token = named('Token', object(record));
export const tokenList = object({ tokens: list(token) });
export const newToken = named(
  'NewToken',
  object({ token: about('Shown this once; only a hash of it is kept.', text), ...record }),
);

const entry = named(
  'AuditEntry',
  object({
    audit_id: id,
    time,
    who: text,
    via: text,
    token_id: nullable(text),
    action: text,
    object: nullable(text),
    request_id: text,
    before_hash: nullable(text),
    after_hash: nullable(text),
    outcome: words('done', 'refused', 'failed', 'aborted'),
    status: about('Of HTTP; 0 when the caller did not wait.', whole),
  }),
);

export const auditPage = object({ entries: list(entry), next: nullable(id) });

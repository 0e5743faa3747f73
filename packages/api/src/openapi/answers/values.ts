/** Results, kept values, variables, templates, SQL, credentials, limits and keychains. */
import {
  anything,
  dictionary,
  flag,
  id,
  list,
  named,
  nullable,
  number,
  object,
  text,
  time,
  whole,
  words,
} from '../schema.ts';

export const stepResult = object({ execution_id: id, step: text, data: anything });
export const resolved = object({ ref: text, data: anything });

export const kept = named(
  'KeptValue',
  object({ ref: text, store: text, scope: text, expires_at: nullable(time), bytes: whole, sha256: text }),
);

export const keptList = object({
  execution_id: id,
  results: list(
    object({
      ref: text,
      name: nullable(text),
      step: nullable(text),
      scope: nullable(text),
      store: nullable(text),
      bytes: whole,
      created_at: time,
      expires_at: nullable(time),
    }),
  ),
  count: whole,
});

export const deleted = object({ status: words('deleted') });

const VARIABLE = {
  value: anything,
  type: words('user_defined', 'step_result'),
  source_step: nullable(text),
  created_at: time,
  accessed_at: { type: 'null' },
  access_count: whole,
};

export const variables = object({
  execution_id: id,
  variables: dictionary(named('Variable', object(VARIABLE))),
  count: whole,
});
export const variable = object({ execution_id: id, name: text, ...VARIABLE });
export const variablesSet = object({ execution_id: id, variables_set: list(text), count: whole });
export const variablesDeleted = object({
  execution_id: id,
  variables_deleted: list(text),
  count: whole,
  status: words('deleted'),
});
export const variableDeleted = object({ execution_id: id, name: text, status: words('deleted') });

export const rendered = object({ status: words('ok'), rendered: anything, context_keys: list(text) });

export const sqlAnswer = object(
  { status: words('ok', 'error'), result: anything, error: nullable(text) },
  { truncated: flag },
);

export const credential = named('Credential', {
  ...object({
    id,
    name: text,
    type: text,
    meta: anything,
    tags: list(text),
    description: nullable(text),
    created_at: time,
    updated_at: time,
  }),
  description: 'Its data is never shown.',
});

export const credentialList = object({
  items: list(credential),
  filter: object({}, { type: text, query: text }),
});
export const nameDeleted = object({ status: words('deleted'), name: text });

export const limit = named(
  'Limit',
  object({
    key: text,
    max_concurrent: nullable(whole),
    rate: nullable(number),
    burst: nullable(number),
    running: whole,
    waiting: whole,
    paused_until: nullable(time),
  }),
);

export const limitList = object({ limits: list(limit) });
export const limitDeleted = object({ status: words('deleted'), key: text });

const SECRET = { name: text, kind: text, status: words('declared') };
const FACTS = {
  scope: anything,
  credential: anything,
  ref: anything,
  provider: anything,
  auto_renew: anything,
};

export const keychain = object({ catalog_id: id, entries: list(object(SECRET, FACTS)), count: whole });
export const keychainEntry = object({ catalog_id: id, ...SECRET }, FACTS);

/** Errors, and what is wrong in a playbook. */
import { ERRORS } from '@noetl/protocol';
import { list, mapping, named, object, text, whole, words } from '../schema.ts';

const place = named('Place', {
  ...object({}, { path: text, line: whole, column: whole }),
  description: 'A place in a playbook; lines and columns count from 1.',
});

export const finding = named('Finding', object({ code: text, message: text, hint: text, place }));

export const problem = named('Problem', {
  ...object(
    {
      type: text,
      title: text,
      status: whole,
      code: words(...Object.keys(ERRORS)),
      detail: text,
      hint: { ...text, description: 'What to do next.' },
      instance: text,
      request_id: { ...text, description: 'Also in the log of the server.' },
    },
    { place, details: mapping, faults: list(finding) },
  ),
  description: 'Problem details (RFC 9457).',
});

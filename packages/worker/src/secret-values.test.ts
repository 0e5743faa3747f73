/** What of a credential is a secret: whatever is not known to be none. */
import { expect, test } from '@jest/globals';
import { secretValues } from './secret-values.ts';

test.each([
  ['a token of letters only', { token: 'abcdefghij' }, ['abcdefghij']],
  [
    'letters only in a field that says nothing',
    { 'x-custom': 'header-QwErTyUiOpAsDfGh' },
    ['header-QwErTyUiOpAsDfGh'],
  ],
  ['a word in a header', { headers: { 'x-custom': 'opensesame' } }, ['opensesame']],
  ['a type in a header', { headers: { 'content-type': 'text-plain' } }, []],
  ['words that tell how', { mode: 'read-only', grant: 'Client credentials' }, []],
  [
    'a password in an address',
    { url: 'https://me:hunter22@host/x' },
    ['https://me:hunter22@host/x', 'hunter22', 'hunter22'],
  ],
])('%s', (_, data, secrets) => {
  expect(secretValues(data)).toEqual(secrets);
});

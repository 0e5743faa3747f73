/** Which limits a call falls under, from its configuration. */
import { expect, test } from '@jest/globals';
import type { JsonObject } from '@noetl/protocol';
import { limitKeys } from './limit-keys.ts';

const pg = { type: 'postgres', auth: 'warehouse' };

test.each<[string, JsonObject, string[]]>([
  ['noop', {}, []],
  ['http', { url: 'https://API.example.com/x' }, ['host:api.example.com', 'host:api.example.com:443']],
  ['http', { endpoint: 'http://10.0.0.1:81' }, ['host:10.0.0.1', 'host:10.0.0.1:81']],
  ['http', { url: 'no url', auth: 'token' }, ['credential:token']],
  ['http', { url: 'no url', auth: { source: 'credential', key: 'k', type: 'bearer' } }, ['credential:k']],
  ['http', { url: 'no url', auth: { type: 'bearer', token: 'inline' } }, []],
  ['postgres', { auth: 'warehouse', url: 'http://not-reached' }, ['credential:warehouse']],
  ['postgres', { auth: { pg: { type: 'postgres', credential: 'a' } } }, ['credential:a']],
  ['postgres', { credential: 'b' }, ['credential:b']],
  [
    'transfer',
    { source: { type: 'http', url: 'http://h:5' }, target: pg },
    ['host:h', 'host:h:5', 'credential:warehouse'],
  ],
  ['transfer', { source: pg, target: pg }, ['credential:warehouse']],
])('%s %j', (kind, config, keys) => {
  expect(limitKeys(kind, config)).toEqual(keys);
});

/** Roles and prefixes: what a grant covers, and what it must not. */
import { expect, test } from '@jest/globals';
import { grantText, isUnder, parseGrant, prefixesOf, suffices } from './access.ts';

test.each([
  ['team-a/job', 'team-a/', true],
  ['team-a/deep/job', 'team-a/', true],
  ['team-a', 'team-a/', true],
  ['team-ab/job', 'team-a/', false],
  ['x/team-a/job', 'team-a/', false],
  ['Team-a/job', 'team-a/', false],
  ['anything', '', true],
])('%s under "%s": %s', (path, prefix, expected) => {
  expect(isUnder(path, prefix)).toBe(expected);
});

test('a role may do what those before it may', () => {
  expect([suffices('author', 'operator'), suffices('operator', 'author')]).toEqual([true, false]);
});

test.each([
  ['viewer', { role: 'viewer', prefix: '' }],
  ['operator:team-a', { role: 'operator', prefix: 'team-a/' }],
  ['author:team-a/x/', { role: 'author', prefix: 'team-a/x/' }],
])('%s is read, and written again', (text, grant) => {
  expect(parseGrant(text)).toEqual(grant);
  expect(parseGrant(grantText(parseGrant(text)))).toEqual(grant);
});

test.each(['root', 'viewer:/etc', 'operator:a b', ''])('"%s" is no grant', (text) => {
  expect(() => parseGrant(text)).toThrow(expect.objectContaining({ code: 'GRANT_INVALID' }));
});

test('prefixes are those of all roles that suffice; one for everything holds the others', () => {
  const grants = ['viewer', 'operator:a/', 'author:b/'].map(parseGrant);
  expect(prefixesOf(grants, 'viewer')).toEqual(['']);
  expect(prefixesOf(grants, 'operator')).toEqual(['a/', 'b/']);
  expect(prefixesOf(grants, 'admin')).toEqual([]);
});

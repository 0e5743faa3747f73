/** Secrets are found in every encoding, wherever they stand; what is no secret stays as it is. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { withoutNamed } from './by-name.ts';
import { Secrets } from './secrets.ts';

const SECRET = 'sk-9f/8e+7d="6c ü~5b!';
const PEM = `-----BEGIN PRIVATE KEY-----\n${randomBytes(48).toString('base64')}\n${randomBytes(48).toString('base64')}\n-----END PRIVATE KEY-----\n`;

function secrets(...values: string[]): Secrets {
  const all = new Secrets();
  for (const value of values) all.add(value);
  return all;
}

const base64 = (before: string, after: string): string =>
  Buffer.from(`${before}${SECRET}${after}`).toString('base64');

const ENCODED: [string, string][] = [
  ['as it is', SECRET],
  ['in JSON', JSON.stringify({ a: SECRET })],
  ['in JSON in JSON', JSON.stringify({ a: JSON.stringify({ b: SECRET }) })],
  ['in JSON in ASCII', JSON.stringify(SECRET).replace('ü', '\\u00fc')],
  ['in JSON in JSON in ASCII', JSON.stringify(JSON.stringify(SECRET).replace('ü', '\\u00fc'))],
  ['in a path', encodeURIComponent(SECRET)],
  ['in a form', new URLSearchParams({ a: SECRET }).toString()],
  ['in small letters', encodeURIComponent(SECRET).toLowerCase()],
  ['in base64', base64('', '')],
  ['in base64, one byte in', base64('x', 'y')],
  ['in base64, two bytes in', base64('xx', 'yy')],
  ['in base64, three bytes in', base64('xxx', 'yyy')],
  ['in base64 for URLs', Buffer.from(`u:${SECRET}`).toString('base64url')],
  ['in hexadecimal', Buffer.from(SECRET).toString('hex')],
  ['in HEXADECIMAL', Buffer.from(SECRET).toString('hex').toUpperCase()],
];

/** What is left of an encoded secret when a quarter of it is not hidden. */
function tells(clean: string, encoded: string): boolean {
  const part = Math.floor(encoded.length / 2);
  return Array.from({ length: encoded.length - part }, (_, at) => encoded.slice(at, at + part)).some(
    (piece) => clean.includes(piece),
  );
}

describe.each(ENCODED)('%s', (_, encoded) => {
  const all = secrets('another-secret-0', SECRET);

  test('it is not in a text', () => {
    const clean = all.text(`before ${encoded} after`);
    expect(clean).toContain('[REDACTED]');
    expect(tells(clean, encoded)).toBe(false);
  });

  test('nor in JSON, which stays JSON', () => {
    const clean = all.json(JSON.stringify({ deep: [{ text: `before ${encoded} after` }] }));
    const { deep } = JSON.parse(clean) as { deep: [{ text: string }] };
    expect(deep[0].text).toContain('[REDACTED]');
    expect(tells(deep[0].text, encoded)).toBe(false);
  });
});

test('single lines of a key in PEM are hidden', () => {
  const [, line = ''] = PEM.split('\n');
  expect(secrets(PEM).text(`at ${line} of`)).toBe('at [REDACTED] of');
});

test('a secret of which a bound has left a part is hidden up to there', () => {
  const all = secrets(SECRET);
  expect(all.text(`HTTP 500: ${SECRET.slice(0, 14)}`)).toBe('HTTP 500: [REDACTED]');
  expect(all.text(`${SECRET.slice(6)} is wrong`)).toBe('[REDACTED] is wrong');
  const note = '\n[cut: 12 more bytes]';
  expect(all.print(`out ${SECRET.slice(0, 12)}${note}`)).toBe(`out [REDACTED]${note}`);
  const json = JSON.stringify({ stdout: `out ${SECRET.slice(0, 8)}${note}` });
  expect(JSON.parse(all.json(json))).toEqual({ stdout: `out [REDACTED]${note}` });
});

test('an excerpt of a secret in the middle of a message is hidden', () => {
  const long = randomBytes(60).toString('base64');
  const all = secrets(long);
  expect(all.text(`the value ${long.slice(7, 47)} is no number`)).toBe('the value [REDACTED] is no number');
  expect(all.text(`${long.slice(5, 30)} and ${long.slice(40, 60)} or`)).toBe('[REDACTED] and [REDACTED] or');
});

test('JSON stays JSON when a secret looks like a part of it', () => {
  const all = secrets('12345678', '","b":"xx', '{"a":1,"');
  expect(JSON.parse(all.json('{"n":123456789,"a":["12345678"]}'))).toEqual({
    n: '[REDACTED]',
    a: ['[REDACTED]'],
  });
  expect(JSON.parse(all.json('{"a":"xx","b":"xx"}'))).toEqual({ a: 'xx', b: 'xx' });
});

test('short values, and everything else, stay as they are', () => {
  const all = secrets('demo', 'secret7', SECRET);
  const text = JSON.stringify({ user: 'demo', note: 'secret7 of 8', list: [1, null, true] });
  expect(all.json(text)).toBe(text);
  expect(all.text('demo secret7')).toBe('demo secret7');
  expect(all.value({ a: [SECRET, 1], [SECRET]: null })).toEqual({ a: ['[REDACTED]', 1], '[REDACTED]': null });
});

test('without secrets a text is the same text', () => {
  const text = JSON.stringify({ a: 1 });
  expect(secrets().json(text)).toBe(text);
});

test.each([
  ['postgres://me:hunter22@db:5432/x failed', 'postgres://me:[REDACTED]@db:5432/x failed'],
  ['GET https://h/p?a=1&access_token=abc&b=2', 'GET https://h/p?a=1&access_token=[REDACTED]&b=2'],
  ['Authorization: Bearer abc.def', 'Authorization: Bearer [REDACTED]'],
  ['{"authorization":"Basic dTpw","a":"b"}', '{"authorization":"Basic [REDACTED]","a":"b"}'],
  ['{\\"x-api-key\\":\\"abc\\"}', '{\\"x-api-key\\":\\"[REDACTED]\\"}'],
  ['host=h password=pw user=u', 'host=h password=[REDACTED] user=u'],
  ['{"password":"pw","user":"u"}', '{"password":"[REDACTED]","user":"u"}'],
  ['password authentication failed for user "u"', 'password authentication failed for user "u"'],
  [
    'there is no credential "pg_local"; see http://h:8082/x',
    'there is no credential "pg_local"; see http://h:8082/x',
  ],
])('by name: %s', (text, clean) => {
  expect(withoutNamed(text)).toBe(clean);
});

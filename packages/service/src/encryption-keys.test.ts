/** Keys that are no keys are refused, and no message tells one. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { loadConfig } from './index.ts';

const dir = mkdtempSync(join(tmpdir(), 'noetl-keys-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const NEEDED = { DATABASE_URL: 'postgres://x', NATS_URL: 'nats://x' };
const keysOf = (more: Record<string, string>): string[] =>
  loadConfig({ ...NEEDED, ...more }, false).encryptionKeys;
const base64 = (text: string, encoding: BufferEncoding = 'latin1'): string =>
  Buffer.from(text, encoding).toString('base64');

test('random keys are taken, from a variable or a file', () => {
  const keys = Array.from({ length: 500 }, () => randomBytes(32).toString('base64'));
  for (const key of keys) expect(keysOf({ NOETL_ENCRYPTION_KEY: key })).toEqual([key]);
  const two = keys.slice(0, 2);
  expect(keysOf({ NOETL_ENCRYPTION_KEY: two.join(',') })).toEqual(two);
  const file = join(dir, 'key');
  writeFileSync(file, `${two.join('\n')}\n`);
  expect(keysOf({ NOETL_ENCRYPTION_KEY_FILE: file })).toEqual(two);
  expect(keysOf({})).toEqual([]);
});

test('32 random letters and digits, as Helm makes them, are a key as well', () => {
  for (let round = 0; round < 500; round += 1) {
    const key = base64(randomBytes(24).toString('base64url'));
    expect(keysOf({ NOETL_ENCRYPTION_KEY: key })).toEqual([key]);
  }
});

test.each([
  ['zeros', Buffer.alloc(32).toString('base64')],
  ['one byte', Buffer.alloc(32, 0xa5).toString('base64')],
  ['a repeated text', Buffer.alloc(32, 'noetl-k8').toString('base64')],
  ['half a key twice', Buffer.alloc(32, randomBytes(16)).toString('base64')],
  ['counting', Buffer.from(Array.from({ length: 32 }, (_, at) => at)).toString('base64')],
  [
    'counting down by three',
    Buffer.from(Array.from({ length: 32 }, (_, at) => 250 - 3 * at)).toString('base64'),
  ],
  ['few values', base64('01'.repeat(16).replaceAll('0101', '0110'))],
  ['what is to be filled in', base64('changeme-changeme-Changeme-32bytes'.slice(0, 32))],
  ['a password', base64('my-very-long-password-for-noetl!')],
  ['NIST SP 800-38A', base64('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4', 'hex')],
  ['16 bytes', randomBytes(16).toString('base64')],
  ['no base64', 'not a key'],
])('%s is refused', (_, key) => {
  for (const more of [
    { NOETL_ENCRYPTION_KEY: key },
    { NOETL_ENCRYPTION_KEY: `${randomBytes(32).toString('base64')},${key}` },
  ]) {
    expect(() => keysOf(more)).toThrow(/"NOETL_ENCRYPTION_KEY": key \d is (no random key|not 32 bytes)/);
    expect(() => keysOf(more)).not.toThrow(key);
  }
});

test('a file that is not there, both ways at once, and one key twice are refused', () => {
  const key = randomBytes(32).toString('base64');
  const NOETL_ENCRYPTION_KEY_FILE = join(dir, 'none');
  expect(() => keysOf({ NOETL_ENCRYPTION_KEY_FILE })).toThrow(
    /KEY_FILE": the file cannot be read \(ENOENT\)/,
  );
  expect(() => keysOf({ NOETL_ENCRYPTION_KEY_FILE, NOETL_ENCRYPTION_KEY: key })).toThrow(
    'exclude each other',
  );
  expect(() => keysOf({ NOETL_ENCRYPTION_KEY: `${key},${key}` })).toThrow('twice');
});

test.each(['NOETL_ENCRYPTION_KEY', 'DATABASE_URL', 'NATS_PASSWORD'])('templates never read %s', (name) => {
  expect(() => loadConfig({ ...NEEDED, NOETL_TEMPLATE_ENV: `HOME,${name}` }, false)).toThrow(name);
});

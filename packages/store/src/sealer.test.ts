/** What is sealed opens in its own place only, with any of the keys, and with none that is missing. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { createSealer, UNVERSIONED, type SealedPlace } from './sealer.ts';

const key = (): string => randomBytes(32).toString('base64');
const [OLD, NEW] = [key(), key()];
const PLACE: SealedPlace = { purpose: 'credential', name: 'warehouse', type: 'postgres', version: '7' };
const DATA = { db_password: 'pw-0123456789' };

/** As the first format was written. */
function legacy(master: string, name: string, data: object): string {
  const encrypt = (by: Buffer, plain: Buffer): string => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', by, nonce).setAAD(Buffer.from(name));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
  };
  const by = Buffer.from(master, 'base64');
  const dek = randomBytes(32);
  const id = createHash('sha256').update(by).digest('hex').slice(0, 12);
  const sealed = {
    v: 1,
    key: id,
    dek: encrypt(by, dek),
    data: encrypt(dek, Buffer.from(JSON.stringify(data))),
  };
  return JSON.stringify(sealed);
}

test('what is sealed comes back, and shows nothing of itself', () => {
  const sealer = createSealer([NEW]);
  const { text, kek_id } = sealer.seal(PLACE, DATA);
  expect(sealer.open(PLACE, text)).toEqual(DATA);
  expect(kek_id).toBe(sealer.keyIds[0]);
  expect(text).not.toContain('pw-');
  expect(sealer.seal(PLACE, DATA).text).not.toBe(text);
});

test.each<[string, Partial<SealedPlace>]>([
  ['name', { name: 'shop' }],
  ['type', { type: 'bearer' }],
  ['version', { version: '8' }],
  ['purpose', { purpose: 'webhook' }],
  ['format', { version: UNVERSIONED }],
])('under another %s it does not open', (_, other) => {
  const sealer = createSealer([NEW]);
  const { text } = sealer.seal(PLACE, DATA);
  expect(() => sealer.open({ ...PLACE, ...other }, text)).toThrow('was changed');
});

test.each(['dek', 'data'] as const)('a changed %s does not open', (part) => {
  const sealer = createSealer([NEW]);
  const sealed = JSON.parse(sealer.seal(PLACE, DATA).text) as Record<string, string>;
  const bytes = Buffer.from(sealed[part] ?? '', 'base64');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  const text = JSON.stringify({ ...sealed, [part]: bytes.toString('base64') });
  expect(() => sealer.open(PLACE, text)).toThrow('was changed');
});

test('a shortened tag is refused', () => {
  const sealer = createSealer([NEW]);
  const sealed = JSON.parse(sealer.seal(PLACE, DATA).text) as Record<string, string>;
  const text = JSON.stringify({ ...sealed, data: (sealed['data'] ?? '').slice(0, 20) });
  expect(() => sealer.open(PLACE, text)).toThrow('was changed');
});

describe('a change of keys', () => {
  const before = createSealer([OLD]);
  const meanwhile = createSealer([NEW, OLD]);
  const after = createSealer([NEW]);

  test('opens what the old key sealed, seals with the new one', () => {
    expect(meanwhile.open(PLACE, before.seal(PLACE, DATA).text)).toEqual(DATA);
    expect(after.open(PLACE, meanwhile.seal(PLACE, DATA).text)).toEqual(DATA);
  });

  test('wraps the data key anew, and leaves the data as it is', () => {
    const { text } = before.seal(PLACE, DATA);
    const moved = meanwhile.rewrap(PLACE, text);
    expect(after.open(PLACE, moved.text)).toEqual(DATA);
    const data = (sealed: string): unknown => (JSON.parse(sealed) as { data: unknown }).data;
    expect(data(moved.text)).toBe(data(text));
  });

  test('without the old key what it sealed says which key is missing', () => {
    expect(() => after.open(PLACE, before.seal(PLACE, DATA).text)).toThrow(
      'a key that this process does not have',
    );
    expect(() => createSealer([]).seal(PLACE, DATA)).toThrow('none is configured');
  });
});

describe('the first format', () => {
  const place = { ...PLACE, version: UNVERSIONED };

  test('opens where it was written', () => {
    const sealer = createSealer([NEW, OLD]);
    expect(sealer.open(place, legacy(OLD, PLACE.name, DATA))).toEqual(DATA);
    const webhook = { ...place, purpose: 'webhook' as const, name: '5' };
    expect(sealer.open(webhook, legacy(OLD, 'webhook:5', DATA))).toEqual(DATA);
  });

  test('does not open in place of a later one', () => {
    const sealer = createSealer([NEW, OLD]);
    expect(() => sealer.open(PLACE, legacy(OLD, PLACE.name, DATA))).toThrow('was changed');
    expect(() => sealer.open({ ...place, name: 'shop' }, legacy(OLD, PLACE.name, DATA))).toThrow(
      'was changed',
    );
  });
});

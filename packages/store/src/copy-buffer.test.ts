/** Fields as PostgreSQL reads them in the binary form of COPY. */
import { expect, test } from '@jest/globals';
import { CopyBuffer } from './copy-buffer.ts';

test.each([
  [0n, 0],
  [5n, 7],
  [0xffff_fffen, 1],
  [0xffff_fffen, 2],
  [0x1_ffff_fff0n, 10_000_000],
  [312_312_312_312_312_312n, 999_999],
])('%d + %d is eight bytes, whatever is carried', (value, offset) => {
  const buffer = new CopyBuffer();
  buffer.bigint(value, offset);
  expect(buffer.written.readInt32BE(0)).toBe(8);
  expect(buffer.written.readBigInt64BE(4)).toBe(value + BigInt(offset));
});

test('it grows with what is written, and keeps what was', () => {
  const buffer = new CopyBuffer(8);
  const text = 'ä€\u{1F600}'.repeat(100);
  buffer.begin();
  buffer.row(3);
  buffer.text(text);
  buffer.jsonb({ bytes: Buffer.from('x[1,2]x'), from: 1, to: 6 });
  buffer.null();
  buffer.end();
  const { written } = buffer;
  const size = Buffer.byteLength(text);
  expect(written.toString('latin1', 0, 7)).toBe('PGCOPY\n');
  expect(written.readInt16BE(19)).toBe(3);
  expect(written.readInt32BE(21)).toBe(size);
  expect(written.toString('utf8', 25, 25 + size)).toBe(text);
  const json = 25 + size;
  expect(written.readInt32BE(json)).toBe(6);
  expect(written.toString('latin1', json + 4, json + 10)).toBe('\x01[1,2]');
  expect(written.readInt32BE(json + 10)).toBe(-1);
  expect(written.readInt16BE(json + 14)).toBe(-1);
  expect(written).toHaveLength(json + 16);
});

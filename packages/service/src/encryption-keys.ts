/**
 * The master keys of a process: from a variable, or from the file that a Kubernetes secret is mounted as. Keys that
 * anybody could guess are refused before the process does anything.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const KEY_BYTES = 32;
/** 32 random bytes have about 30 values, and fewer than this in none of 10^18 keys. */
const DISTINCT_MIN = 9;
/** What people write when they mean "fill this in". */
const WORDS =
  /change[-_ ]?me|pass[-_ ]?word|secret|example|default|insecure|noetl|0123456789|abcdefgh|qwerty|test[-_ ]?key/i;
/** SHA-256 of the 256-bit key of NIST SP 800-38A, from which half of the examples are copied. */
const PUBLISHED = new Set(['b93c72b74bc8487d29827005f80d635918f91bc22b14d7ed05714d58f96702dd']);

export interface KeySource {
  /** Keys in base64, separated by commas. */
  value?: string | undefined;
  /** A file that holds the same; line breaks separate as well. */
  file?: string | undefined;
}

/** 32 bytes each in base64, the one that seals first. Throws an Error that says what is wrong, and never a key. */
export function encryptionKeysOf({ value, file }: KeySource): string[] {
  const keys = (file === undefined ? (value ?? '') : contentOf(file))
    .split(/[\s,]+/)
    .filter((key) => key !== '');
  for (const [index, key] of keys.entries()) {
    const fault = faultOf(Buffer.from(key, 'base64'));
    if (fault !== undefined) throw new Error(`key ${String(index + 1)} ${fault}`);
  }
  if (new Set(keys).size < keys.length) throw new Error('the same key stands there twice');
  return keys;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`the file cannot be read (${String((error as NodeJS.ErrnoException).code)})`, {
      cause: error,
    });
  }
}

function faultOf(key: Buffer): string | undefined {
  if (key.length !== KEY_BYTES) return 'is not 32 bytes in base64: make one with `openssl rand -base64 32`';
  if (!isGuessable(key)) return undefined;
  return 'is no random key: it repeats, counts, or stands in a document; make one with `openssl rand -base64 32`';
}

function isGuessable(key: Buffer): boolean {
  if (new Set(key).size < DISTINCT_MIN || repeats(key) || counts(key)) return true;
  return WORDS.test(key.toString('latin1')) || PUBLISHED.has(createHash('sha256').update(key).digest('hex'));
}

/** Whether it is a shorter text over and over. */
function repeats(key: Buffer): boolean {
  return [1, 2, 4, 8, 16].some((period) => key.every((byte, at) => byte === key[at % period]));
}

/** Whether each byte follows from the one before by the same step. */
function counts(key: Buffer): boolean {
  const step = (at: number): number => ((key[at] ?? 0) - (key[at - 1] ?? 0)) & 0xff;
  return Array.from({ length: key.length - 1 }, (_, at) => step(at + 1)).every((size) => size === step(1));
}

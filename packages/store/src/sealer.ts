/**
 * Envelope encryption of credentials: each is sealed with a data key of its own (AES-256-GCM), and that key with the
 * master key. The name is bound in, so that a sealed value cannot be moved to another credential. Several master keys
 * may be given: the first seals, all of them open, so that keys can be changed without a gap.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { isJsonObject, NoetlError, type JsonObject } from '@noetl/protocol';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface Sealer {
  /** Throws ENCRYPTION_KEY_MISSING. */
  seal(name: string, data: JsonObject): string;
  open(name: string, sealed: string): JsonObject;
}

interface Sealed {
  v: 1;
  /** Which master key: the start of its hash. */
  key: string;
  dek: string;
  data: string;
}

/** `keys`: 32 bytes each, in base64. */
export function createSealer(keys: readonly string[]): Sealer {
  const masters = keys.map(masterKey);
  return {
    seal(name, data) {
      const [master] = masters;
      if (!master) throw missing();
      const dek = randomBytes(KEY_BYTES);
      const sealed: Sealed = {
        v: 1,
        key: master.id,
        dek: encrypt(master.key, dek, name),
        data: encrypt(dek, Buffer.from(JSON.stringify(data)), name),
      };
      return JSON.stringify(sealed);
    },
    open(name, text) {
      if (masters.length === 0) throw missing();
      const sealed = JSON.parse(text) as Sealed;
      const master = masters.find((candidate) => candidate.id === sealed.key);
      if (!master) {
        throw new NoetlError(
          'ENCRYPTION_KEY_MISSING',
          `the credential "${name}" was encrypted with a key that this process does not have`,
          { hint: 'Add the old key behind the new one in NOETL_ENCRYPTION_KEY, separated by a comma.' },
        );
      }
      const dek = decrypt(master.key, sealed.dek, name);
      const data = JSON.parse(decrypt(dek, sealed.data, name).toString('utf8')) as unknown;
      return isJsonObject(data) ? data : {};
    },
  };
}

function masterKey(text: string): { id: string; key: Buffer } {
  const key = Buffer.from(text, 'base64');
  if (key.length !== KEY_BYTES) {
    throw new NoetlError('ENCRYPTION_KEY_MISSING', 'NOETL_ENCRYPTION_KEY is not 32 bytes in base64');
  }
  return { id: createHash('sha256').update(key).digest('hex').slice(0, 12), key };
}

function encrypt(key: Buffer, plain: Buffer, name: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(name));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
}

function decrypt(key: Buffer, text: string, name: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(name)).setAuthTag(tag);
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
}

function missing(): NoetlError {
  return new NoetlError(
    'ENCRYPTION_KEY_MISSING',
    'credentials need an encryption key, and none is configured',
  );
}

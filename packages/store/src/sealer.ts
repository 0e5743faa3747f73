/**
 * Envelope encryption: what is sealed gets a data key of its own (AES-256-GCM), and that key is wrapped with a key
 * that is derived from a master key for one purpose. Where the text belongs is bound into both, so that it opens
 * nowhere else: not under another name or type, and not in place of a later version. Several master keys may be
 * given: the first seals, all of them open, so that keys can be changed without a gap.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { isJsonObject, NoetlError, type JsonObject } from '@noetl/protocol';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Of rows that were written before versions were bound in. */
export const UNVERSIONED = '0';

/** Where a sealed text belongs. */
export interface SealedPlace {
  /** Each purpose has keys of its own. */
  purpose: 'credential' | 'webhook';
  name: string;
  type: string;
  /** Given once each; {@link UNVERSIONED} for texts of the first format. */
  version: string;
}

interface Sealed {
  text: string;
  /** Which master key wraps its data key. */
  kek_id: string;
}

export interface Sealer {
  /** Ids of the master keys; the first seals. */
  readonly keyIds: readonly string[];
  /** Throws ENCRYPTION_KEY_MISSING. */
  seal(place: SealedPlace, data: JsonObject): Sealed;
  /** Throws ENCRYPTION_KEY_MISSING, SEALED_DATA_INVALID. */
  open(place: SealedPlace, text: string): JsonObject;
  /** The same text with its data key wrapped by the first master key. Throws as `open` does. */
  rewrap(place: SealedPlace, text: string): Sealed;
}

/** Version 1 had the master key itself wrap data keys, and only the name bound in. */
interface SealedText {
  v: 1 | 2;
  key: string;
  dek: string;
  data: string;
}

interface Master {
  id: string;
  key: Buffer;
}

/** `keys`: 32 bytes each, in base64. */
export function createSealer(keys: readonly string[]): Sealer {
  const masters = keys.map(masterKey);
  const first = (): Master => {
    const [master] = masters;
    if (master) return master;
    throw new NoetlError('ENCRYPTION_KEY_MISSING', 'secrets need an encryption key, and none is configured');
  };
  const wrapped = (master: Master, place: SealedPlace, dek: Buffer, data: string): Sealed => {
    const wrap = encrypt(wrappingKey(master, place.purpose), dek, boundIn(place));
    const sealed: SealedText = { v: 2, key: master.id, dek: wrap, data };
    return { text: JSON.stringify(sealed), kek_id: master.id };
  };
  const unwrapped = (place: SealedPlace, text: string): { dek: Buffer; sealed: SealedText } => {
    first();
    const sealed = parsed(place, text);
    const master = masters.find(({ id }) => id === sealed.key) ?? unknownKey(place);
    const key = sealed.v === 1 ? master.key : wrappingKey(master, place.purpose);
    return { dek: decrypt(key, sealed.dek, place, sealed.v), sealed };
  };
  return {
    keyIds: masters.map(({ id }) => id),
    seal(place, data) {
      const dek = randomBytes(KEY_BYTES);
      return wrapped(first(), place, dek, encrypt(dek, Buffer.from(JSON.stringify(data)), boundIn(place)));
    },
    open(place, text) {
      const { dek, sealed } = unwrapped(place, text);
      const data = JSON.parse(decrypt(dek, sealed.data, place, sealed.v).toString('utf8')) as unknown;
      return isJsonObject(data) ? data : {};
    },
    rewrap(place, text) {
      const { dek, sealed } = unwrapped(place, text);
      return wrapped(first(), place, dek, sealed.data);
    },
  };
}

function masterKey(text: string): Master {
  const key = Buffer.from(text, 'base64');
  if (key.length !== KEY_BYTES) {
    throw new NoetlError('ENCRYPTION_KEY_MISSING', 'NOETL_ENCRYPTION_KEY is not 32 bytes in base64');
  }
  return { id: createHash('sha256').update(key).digest('hex').slice(0, 12), key };
}

function wrappingKey({ key }: Master, purpose: SealedPlace['purpose']): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `noetl/${purpose}/key-wrapping/2`, KEY_BYTES));
}

/** As JSON, so that no two places give the same text. */
function boundIn({ purpose, name, type, version }: SealedPlace): string {
  return JSON.stringify([purpose, name, type, version]);
}

function legacyName({ purpose, name }: SealedPlace): string {
  return purpose === 'webhook' ? `webhook:${name}` : name;
}

/** The first format is accepted where it was written only: it would let old texts come back. */
function parsed(place: SealedPlace, text: string): SealedText {
  let sealed: SealedText;
  try {
    sealed = JSON.parse(text) as SealedText;
  } catch {
    throw invalid(place);
  }
  if (sealed.v !== (place.version === UNVERSIONED ? 1 : 2)) throw invalid(place);
  return sealed;
}

function encrypt(key: Buffer, plain: Buffer, aad: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(aad));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
}

function decrypt(key: Buffer, text: string, place: SealedPlace, format: SealedText['v']): Buffer {
  const bytes = Buffer.from(text, 'base64');
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  const aad = format === 1 ? legacyName(place) : boundIn(place);
  try {
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(aad)).setAuthTag(tag);
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    throw invalid(place);
  }
}

function invalid({ purpose, name }: SealedPlace): NoetlError {
  return new NoetlError(
    'SEALED_DATA_INVALID',
    `the sealed data of the ${purpose} "${name}" was changed, or comes from another place or version`,
  );
}

function unknownKey({ purpose, name }: SealedPlace): never {
  throw new NoetlError(
    'ENCRYPTION_KEY_MISSING',
    `the ${purpose} "${name}" was encrypted with a key that this process does not have`,
    { hint: 'Add the old key behind the new one in NOETL_ENCRYPTION_KEY, separated by a comma.' },
  );
}

/** A key that anybody could guess: no process starts with it. */
import { loadConfig } from '@noetl/service';
import type { Attack } from '../../corpus.ts';

const KEYS: Record<string, Buffer> = {
  zeros: Buffer.alloc(32),
  'one byte': Buffer.alloc(32, 0xff),
  'a repeated text': Buffer.alloc(32, 'noetlkey'),
  counting: Buffer.from(Array.from({ length: 32 }, (_, at) => at)),
  'a placeholder': Buffer.from('CHANGE-ME-CHANGE-ME-please-32byt'),
  'an example of NIST': Buffer.from(
    '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
    'hex',
  ),
  'half a key': Buffer.from('f3a91c5e7b2d48608f1e3c5a79b2d4f6', 'hex'),
};

export function weakKeys(): Attack[] {
  return Object.entries(KEYS).map(([name, key]) => ({
    name: `a master key of ${name}`,
    attempt: () => {
      const source = {
        DATABASE_URL: 'postgres://x',
        NATS_URL: 'nats://x',
        NOETL_ENCRYPTION_KEY: key.toString('base64'),
      };
      try {
        loadConfig(source, false);
        return Promise.resolve({ blocked: false, how: 'the process would start' });
      } catch (error) {
        return Promise.resolve({ blocked: true, how: String(error) });
      }
    },
  }));
}

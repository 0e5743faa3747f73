/** Where NATS is, who we are there, and how large what we keep in it may become. */
import { existsSync } from 'node:fs';
import { ConfigError } from './config-error.ts';
import { optional, positive, type Get } from './variables.ts';

export interface NatsConfig {
  /** Several servers of a cluster are separated by commas. */
  url: string;
  user?: string;
  password?: string;
  token?: string;
  tls?: NatsTls;
  /** Servers that keep each stream and bucket. */
  replicas: number;
  /** Bounds of the command stream, and of the loop counts that are kept for show. */
  limits: { commandsMaxBytes: number; stateMaxBytes: number; stateMaxAgeMs: number };
}

/** Files in PEM: who vouches for the server; what we show it. PostgreSQL has them in its URL. */
interface NatsTls {
  caFile?: string;
  certFile?: string;
  keyFile?: string;
}

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

/** Throws ConfigError for files that are not there, before anything is connected. */
export function natsConfig(get: Get): NatsConfig {
  const tls: NatsTls = {
    ...optional(get, 'caFile', 'NATS_TLS_CA'),
    ...optional(get, 'certFile', 'NATS_TLS_CERT'),
    ...optional(get, 'keyFile', 'NATS_TLS_KEY'),
  };
  checkFiles(tls);
  return {
    url: get('NATS_URL').required().asString(),
    ...optional(get, 'user', 'NATS_USER'),
    ...optional(get, 'password', 'NATS_PASSWORD'),
    ...optional(get, 'token', 'NATS_TOKEN'),
    ...(Object.keys(tls).length > 0 && { tls }),
    replicas: positive(get, 'NOETL_NATS_REPLICAS', 1),
    limits: {
      commandsMaxBytes: positive(get, 'NOETL_COMMANDS_MAX_BYTES', 1024 * MIB),
      stateMaxBytes: positive(get, 'NOETL_KV_MAX_BYTES', 256 * MIB),
      stateMaxAgeMs: positive(get, 'NOETL_KV_RETENTION_DAYS', 7) * DAY_MS,
    },
  };
}

function checkFiles(tls: NatsTls): void {
  for (const file of Object.values(tls) as string[])
    if (!existsSync(file)) throw new ConfigError(`"NATS_TLS_…" names ${file}, which is not there`);
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined))
    throw new ConfigError('"NATS_TLS_CERT" and "NATS_TLS_KEY" belong together');
}

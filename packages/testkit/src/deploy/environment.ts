/** Names of variables that the programs of our containers read. */
import { LOGIN_PASSWORDS } from '@noetl/cli';
import { loadConfig } from '@noetl/service';

/** Read by the command line (`noetl migrate` as well), by Node and by OpenTelemetry; and by the api where it has accounts. */
const BESIDES = [
  'NOETL_SERVER_URL',
  'NOETL_TOKEN',
  'NODE_OPTIONS',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_SERVICE_NAME',
  'OTEL_RESOURCE_ATTRIBUTES',
  ...Object.keys(LOGIN_PASSWORDS),
];

/** What `loadConfig` looks at, found by letting it look. */
function settings(): Set<string> {
  const asked = new Set<string>();
  const needed: NodeJS.ProcessEnv = { DATABASE_URL: 'postgres://x', NATS_URL: 'nats://x' };
  const watched = new Proxy(needed, {
    get: (target, name: string) => {
      asked.add(name);
      return target[name];
    },
  });
  loadConfig(watched, false);
  return asked;
}

const OURS = new Set([...settings(), ...BESIDES]);

/** Variables by image; those of nats-server are what its configuration names. */
export function knowsVariable(image: string, name: string, natsConf: string): boolean {
  if (isOurs(image)) return OURS.has(name);
  const repository = repositoryOf(image);
  if (repository === 'postgres')
    return /^(POSTGRES_(USER|PASSWORD|DB|INITDB_ARGS|HOST_AUTH_METHOD)|PGDATA)$/.test(name);
  if (repository === 'nats') return natsConf.includes(`: $${name}\n`);
  if (repository === 'grafana/grafana') return /^GF_[A-Z]+_[A-Z_]+$/.test(name);
  return false;
}

export function isOurs(image: string): boolean {
  return /(^|\/)noetl[-/](control|worker)$/.test(repositoryOf(image));
}

/** Without tag and digest. */
export function repositoryOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}

export function tagOf(image: string): string | undefined {
  return /:([^/:@]+)(@.*)?$/.exec(image.replace(/@sha256:[0-9a-f]+$/, ''))?.[1];
}

/** Names under which nobody should find a value in a file. */
export const SECRET_NAME = /(PASSWORD|TOKEN|SECRET|_KEY)$/;
/** Addresses with a password, and keys in PEM. */
export const SECRET_TEXT = /\w+:\/\/[^\s:/@]+:(?!\$\{)[^\s@/]+@|-----BEGIN [A-Z ]*PRIVATE KEY/;

/** All corpora by name, each loaded when it is wanted; and which of them must notice a guard that was weakened. */
import type { Corpus } from './corpus.ts';

const load = async (module: Promise<{ corpus: Corpus }>): Promise<Corpus> => (await module).corpus;

export const CORPORA: Readonly<Record<string, () => Promise<Corpus>>> = {
  routes: () => load(import('./corpora/routes.ts')),
  hosts: () => load(import('./corpora/hosts.ts')),
  templates: () => load(import('./corpora/templates.ts')),
  ssrf: () => load(import('./corpora/ssrf.ts')),
  sql: () => load(import('./corpora/sql.ts')),
  inputs: () => load(import('./corpora/inputs.ts')),
  sandbox: () => load(import('./corpora/sandbox.ts')),
  secrets: () => load(import('./corpora/secrets.ts')),
  nats: () => load(import('./corpora/nats.ts')),
  postgres: () => load(import('./corpora/postgres.ts')),
  supply: () => load(import('./corpora/supply.ts')),
};

/** Names of mutations, with the corpora that find them. */
export const WEAKENINGS: Readonly<Record<string, readonly string[]>> = {
  'open-route': ['routes'],
  'nunjucks-templates': ['templates'],
  'ssrf-by-name': ['ssrf'],
};

/** The keychain of a registered playbook: what is declared, never what it holds; workers resolve it when a step asks. */
import type { Router } from 'express';
import { jsonText, NoetlError, type JsonObject } from '@noetl/protocol';
import { findHead } from '@noetl/store';
import { idOf } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';

/** Keys of an entry that say where a secret is, and hold none. */
const SHOWN = ['scope', 'credential', 'ref', 'provider', 'auto_renew'];

export function keychainRoutes(router: Router, deps: ApiDeps): void {
  const entriesOf = async (text: unknown): Promise<{ catalog_id: string; entries: JsonObject[] }> => {
    const catalog_id = idOf(text, 'catalog_id');
    const head = await findHead(deps.store, { catalog_id });
    if (head?.kind !== 'Playbook')
      throw new NoetlError('VERSION_UNKNOWN', `the catalog has no playbook ${catalog_id}`);
    const { keychain } = await deps.playbook(catalog_id);
    return { catalog_id, entries: keychain.map(shown) };
  };

  router.get('/keychain/catalog/:catalog_id', async (request, response) => {
    const { catalog_id, entries } = await entriesOf(request.params.catalog_id);
    response.json({ catalog_id, entries, count: entries.length });
  });

  router.get('/keychain/:catalog_id/:name', async (request, response) => {
    const { catalog_id, entries } = await entriesOf(request.params.catalog_id);
    const { name } = request.params;
    const entry = entries.find((candidate) => candidate['name'] === name);
    if (!entry)
      throw new NoetlError('KEYCHAIN_NOT_FOUND', `the keychain of ${catalog_id} has no entry "${name}"`);
    response.json({ catalog_id, ...entry });
  });
}

function shown(entry: JsonObject): JsonObject {
  const facts = Object.fromEntries(
    SHOWN.filter((key) => key in entry).map((key) => [key, entry[key] ?? null]),
  );
  const kind = jsonText(entry['kind'] ?? entry['type'] ?? 'static');
  return { name: jsonText(entry['name'] ?? null), kind, status: 'declared', ...facts };
}

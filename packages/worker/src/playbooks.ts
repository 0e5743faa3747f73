/** Playbooks by catalog id, parsed once: a catalog version never changes. */
import { LRUCache } from 'lru-cache';
import { parsePlaybook, type Playbook, type Step } from '@noetl/playbook';
import { NoetlError, type Id } from '@noetl/protocol';
import { findResource, type Store } from '@noetl/store';

export type Playbooks = (catalogId: Id) => Promise<Playbook>;

export function playbookCache(store: Store): Playbooks {
  const kept = new LRUCache<Id, Playbook>({
    max: 128,
    fetchMethod: async (catalogId) => {
      const entry = await findResource(store, { catalog_id: catalogId });
      if (!entry)
        throw new NoetlError('VERSION_UNKNOWN', `catalog entry ${catalogId} is not in the database`);
      return parsePlaybook(entry.content).playbook;
    },
  });
  return (catalogId) => kept.forceFetch(catalogId);
}

export function stepOf(playbook: Playbook, name: string): Step {
  const step = playbook.steps.find((candidate) => candidate.name === name);
  if (!step) throw new NoetlError('STEP_UNKNOWN', `playbook ${playbook.path} has no step "${name}"`);
  return step;
}

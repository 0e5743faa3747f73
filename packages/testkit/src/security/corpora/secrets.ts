/** Ways to get at secrets: by what a playbook stores, by changing rows, by keys anybody knows, by asking the server. */
import type { Attack, Corpus } from '../corpus.ts';
import { SecretsStage } from './secrets/stage.ts';
import { chosenNames } from './secrets/chosen-names.ts';
import { changedRows } from './secrets/changed-rows.ts';
import { toldByPlaybooks } from './secrets/told-by-playbooks.ts';
import { toldByServer } from './secrets/told-by-server.ts';
import { weakKeys } from './secrets/weak-keys.ts';

export const corpus: Corpus = {
  name: 'secrets',
  open: async () => {
    const stage = await SecretsStage.open();
    const attacks: Attack[] = [
      ...toldByPlaybooks(stage),
      ...chosenNames(stage),
      ...changedRows(stage),
      ...toldByServer(stage),
      ...weakKeys(),
    ];
    return { attacks, close: () => stage.close() };
  },
};

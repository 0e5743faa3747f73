/**
 * Attacks on what stands between the code of a playbook and the worker that runs it, at level `sandbox`. Each is a
 * playbook on a real worker, with real services around; what came of it is judged by what happened there.
 */
import type { Attack, Corpus, OpenCorpus, Outcome } from '../corpus.ts';
import type { Act } from '../sandbox/act.ts';
import { NETWORK } from '../sandbox/network.ts';
import { READING } from '../sandbox/reading.ts';
import { RESOURCES } from '../sandbox/resources.ts';
import { openStage, type Stage } from '../sandbox/stage.ts';
import { TAMPERING } from '../sandbox/tampering.ts';

export const ACTS: readonly Act[] = [...READING, ...NETWORK, ...TAMPERING, ...RESOURCES];

const SANDBOX = {
  NOETL_ISOLATION: 'sandbox',
  NOETL_ISOLATION_NETWORK: 'off',
  NOETL_RUNNER_UIDS: 'auto',
  NOETL_RUNNER_REUSE: 'playbook',
};

export const corpus: Corpus = {
  name: 'code of playbooks, at level sandbox',
  open: async () => {
    const stage = await openStage(SANDBOX);
    return opened(stage);
  },
};

function opened(stage: Stage): OpenCorpus {
  return { attacks: ACTS.map((act) => attackOf(act, stage)), close: () => stage.close() };
}

export function attackOf(act: Act, stage: Stage): Attack {
  return { name: act.name, attempt: () => attempt(act, stage) };
}

/** Whatever else it achieves, the worker must live on as it was. */
async function attempt({ language, code, items, judge }: Act, stage: Stage): Promise<Outcome> {
  const run = await stage.run(language, code(stage.targets), items);
  const outcome = await judge(run, stage);
  const unharmed = stage.platform.processes.names.includes('worker-1');
  return unharmed ? outcome : { blocked: false, how: 'the worker is dead' };
}

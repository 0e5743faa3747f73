/** Every attack on the sandbox is blocked; and each that may be shown without harm gets through where there is none. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OpenCorpus } from '../corpus.ts';
import { openStage, type Stage } from '../sandbox/stage.ts';
import { ACTS, attackOf, corpus } from './sandbox.ts';

const BWRAP = '/usr/bin/bwrap';

const namespacesWork = (): boolean => {
  try {
    execFileSync(BWRAP, ['--ro-bind', '/', '/', '--unshare-all', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const inSandbox = existsSync(BWRAP) && namespacesWork() ? describe : describe.skip;

inSandbox('at level sandbox', () => {
  let open: OpenCorpus;

  beforeAll(async () => {
    open = await corpus.open();
  });

  afterAll(async () => {
    await open.close();
  });

  test.each(ACTS.map(({ name }, place) => [name, place] as const))('%s', async (_, place) => {
    expect(await open.attacks[place]?.attempt()).toMatchObject({ blocked: true });
  });
});

describe('without isolation', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage({
      NOETL_ISOLATION: 'process',
      NOETL_ISOLATION_NETWORK: 'on',
      NOETL_RUNNER_UIDS: 'off',
      NOETL_RUNNER_REUSE: 'any',
    });
  });

  afterAll(async () => {
    await stage.close();
  });

  // Those that need the rights of root, to show that others are refused what root may.
  const rights = process.getuid?.() === 0 ? ACTS : ACTS.filter(({ needsRoot }) => needsRoot !== true);

  test.each(rights.filter(({ works }) => works === true))('$name', async (act) => {
    expect(await attackOf(act, stage).attempt()).toMatchObject({ blocked: false });
  });
});

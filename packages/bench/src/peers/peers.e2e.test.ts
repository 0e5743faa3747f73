/** Peers that cannot be measured: said with the reason, never with a number, and nothing of them is left running. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '@noetl/cli/local';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { waitFor } from '@noetl/testkit';
import { cells, HEAD, table } from '../report/table.ts';
import type { RunOptions } from '../scenario.ts';
import { heavyBody, heavyItems, tally, verify } from './item.ts';
import type { RunOrder } from './messages.ts';
import type { Peer } from './peer.ts';
import { measurePeers } from './scenario.ts';
import { trial, type TrialOptions } from './trial.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'noetl-peers-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

test('a peer that cannot be installed is reported as skipped, with the reason and without a figure', async () => {
  const never = () => Promise.reject(new Error('must not run'));
  const peer: Peer = {
    name: 'missing',
    packages: { missing: `file:${join(dir, 'no-such-package.tgz')}` },
    service: 'redis',
    variants: { only: { label: 'Missing, some way', drive: never, work: never } },
  };
  const [row] = await measurePeers([peer], options());
  expect(row).toMatchObject({ key: 'peers/missing/only/100/100', value: Number.NaN, samples: [] });
  expect(row?.skipped).toMatch(/^missing cannot be installed: .*no-such-package/);
  const text = table(HEAD, row === undefined ? [] : [cells(row)]);
  expect(text).toMatch(/Missing, some way +\| skipped \|.*cannot be installed/);
  expect(text).not.toContain('NaN');
});

describe('a run in processes of its own', () => {
  test('leaves no process behind when it is interrupted', async () => {
    const file = join(dir, 'pids');
    // The worker ignores gentle signals, and would outlive its parent.
    const worker = `process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000);`;
    const program = await driver(`
      import { spawn } from 'node:child_process';
      import { renameSync, writeFileSync } from 'node:fs';
      const worker = spawn(process.execPath, ['-e', ${JSON.stringify(worker)}], { stdio: 'ignore' });
      writeFileSync(${JSON.stringify(`${file}.part`)}, process.pid + ' ' + worker.pid);
      renameSync(${JSON.stringify(`${file}.part`)}, ${JSON.stringify(file)});
      setInterval(() => undefined, 1000);`);
    const interruption = new AbortController();
    const running = trial(order(), { ...limits(), program, signal: interruption.signal });
    const interrupted = expect(running).rejects.toThrow('interrupted');
    const text = await waitFor(() => readFile(file, 'utf8'), { what: 'both processes' });
    const pids = text.split(' ').map(Number);
    expect(pids.map(isAlive)).toEqual([true, true]);
    interruption.abort();
    await interrupted;
    // Killed, but perhaps not yet collected by the system.
    await waitFor(() => !pids.some(isAlive), { what: 'the end of both' });
  });

  test('is over at its time limit', async () => {
    const program = await driver('setInterval(() => undefined, 1000);');
    await expect(trial(order(), { ...limits(), program, limitMs: 100 })).rejects.toThrow(
      'not done within 0.1 s',
    );
  });

  test('fails when its driver ends without a word', async () => {
    const program = await driver('process.exit(7);');
    await expect(trial(order(), { ...limits(), program })).rejects.toThrow('ended with code 7');
  });
});

describe('what came back', () => {
  test('is accepted in any order, and refused when a result is missing, twice or wrong', async () => {
    const body = await heavyBody(100);
    const items = heavyItems(50);
    const results = await Promise.all(items.map(body));
    await verify(tally(results.toReversed()), items, body);
    await expect(verify(tally(results.slice(1)), items, body)).rejects.toThrow('49 of 50');
    const wrong = results.map((result) => (result.item_id === 7 ? { ...result, padding: '' } : result));
    await expect(verify(tally(wrong), items, body)).rejects.toThrow('wrong checksum');
    expect(() => tally([...results, ...results.slice(0, 1)])).toThrow('item 0 has two results');
  });
});

let drivers = 0;

/** A program in the driver's place. */
async function driver(code: string): Promise<string> {
  drivers += 1;
  const file = join(dir, `driver-${drivers}.mjs`);
  await writeFile(file, code);
  return file;
}

function order(): RunOrder {
  const nowhere = { folder: dir, url: '', adminUrl: '' };
  return { peer: 'none', variant: 'none', items: 1, padding: 0, workers: 1, ...nowhere };
}

function limits(): Omit<TrialOptions, 'program'> {
  return { limitMs: 60_000, logFile: join(dir, 'run.log'), signal: new AbortController().signal };
}

function options(): RunOptions {
  return {
    repeat: 1,
    items: [100],
    padding: [100],
    workers: 2,
    executions: 1,
    quick: false,
    secondsPerFigure: Infinity,
    dir,
    progress: () => undefined,
    atEnd: () => undefined,
  };
}

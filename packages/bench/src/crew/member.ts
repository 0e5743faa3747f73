/** One process of a crew: hears its job, says when it is ready, works when told to, says when it has finished. */
import { once } from 'node:events';
import type { Job } from './job.ts';
import { naive } from './naive.ts';
import { prototype } from './prototype.ts';
import { runner } from './runner.ts';
import { store } from './store.ts';

// The parent is gone or stops us: nothing here is worth keeping.
process.once('disconnect', () => process.exit());

const [job] = (await once(process, 'message')) as [Job];
const work = await prepare(job);
const go = once(process, 'message');
process.send?.('ready');
await go;
await work();
process.send?.('finished');

/** Does everything that is not measured; the function it gives does the work. */
function prepare(given: Job): Promise<() => Promise<void>> {
  switch (given.kind) {
    case 'naive':
      return naive(given);
    case 'store':
      return store(given);
    case 'runner':
      return runner(given);
    case 'prototype':
      return prototype(given);
  }
}

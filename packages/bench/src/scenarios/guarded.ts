/** What it costs to keep others out: the heavy loop with every guard on, beside the same with none. */
import { median } from 'simple-statistics';
import { row, type Row, type RunOptions, type Scenario } from '../scenario.ts';
import { onStage, type Guards } from '../stage.ts';
import { loopOf, once } from './heavy-loop.ts';

const WARM_ITEMS = 2_000;

export const guarded: Scenario = {
  name: 'guarded',
  describe:
    'Items a second of the heavy loop with tokens, a login for each kind of process in PostgreSQL and NATS, and the strongest isolation of code that this machine has; beside the same without any of it, in turns.',
  run: async (options) => {
    const rows: Row[] = [];
    const items = Math.max(...options.items);
    for (const language of ['javascript', 'python'] as const) {
      const samples: Record<Guards, number[]> = { none: [], all: [] };
      for (let round = 1; round <= options.repeat; round++)
        for (const guards of ['none', 'all'] as const)
          samples[guards].push(await speed(options, language, items, guards));
      const ratios = samples.all.map((all, round) => all / (samples.none[round] ?? all));
      const facts = {
        items,
        with: Math.round(median(samples.all)),
        without: Math.round(median(samples.none)),
      };
      rows.push(
        row({
          key: `guarded/${language}/${String(items)}`,
          label: `heavy loop, ${language}, ${String(items)} items: with all guards against none`,
          unit: '×',
          samples: ratios,
          facts,
        }),
      );
    }
    return rows;
  },
};

async function speed(
  options: RunOptions,
  language: 'javascript' | 'python',
  items: number,
  guards: Guards,
): Promise<number> {
  return onStage(options, { workers: options.workers, guards }, async (stage) => {
    const loop = loopOf(language, 'parallel');
    await once(stage, options, { ...loop, items: WARM_ITEMS });
    const { facts } = await once(stage, options, { ...loop, items });
    return items / facts.loop_seconds;
  });
}

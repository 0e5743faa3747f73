/** Memory of every process while the seed's playbook runs: it must not grow with the number of items. */
import { MemorySampler, peak } from '../processes.ts';
import { byName, row, type Row, type RunOptions, type Scenario } from '../scenario.ts';
import { onStage, type Stage } from '../stage.ts';
import { loopOf, once } from './heavy-loop.ts';

const FEW = 10_000;

export const memory: Scenario = {
  name: 'memory',
  describe:
    'Peak resident memory of every process, sampled from /proc every 250 ms, at 10,000 items and at the largest size, each on fresh processes.',
  run: async (options) => {
    const sizes = [...new Set([Math.min(FEW, Math.max(...options.items)), Math.max(...options.items)])];
    const rows: Row[] = [];
    for (const items of sizes)
      rows.push(
        ...(await onStage(options, { workers: options.workers }, (stage) => measure(stage, options, items))),
      );
    return rows;
  },
  charts: (rows) =>
    byName(rows, ({ key }) => key.split('/').at(-1) ?? '').map(([items, some]) => ({
      title: `Resident memory, ${items} items`,
      kind: 'line',
      x: { title: 'seconds' },
      y: { title: 'MB' },
      series: some.flatMap(({ series = [] }) => series),
    })),
};

async function measure(stage: Stage, options: RunOptions, items: number): Promise<Row[]> {
  const { platform } = stage;
  const pids = Object.fromEntries(platform.names.map((name) => [name, platform.pid(name)]));
  const sampler = new MemorySampler({ ...pids, ...stage.pids });
  try {
    await once(stage, options, { ...loopOf('python', 'parallel'), items });
  } finally {
    await sampler.stop();
  }
  return sampler.series.map((series) =>
    row({
      key: `memory/${series.name}/${String(items)}`,
      label: `${series.name}, ${String(items)} items: peak resident`,
      unit: 'MB',
      samples: [peak(series)],
      series: [series],
    }),
  );
}

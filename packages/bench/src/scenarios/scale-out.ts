/** More workers for items that wait: the speed-up of 2, 4 and 8 worker processes over one. */
import { repeated, row, type Row, type RunOptions, type Scenario } from '../scenario.ts';
import { onStage } from '../stage.ts';
import { loopOf, once } from './heavy-loop.ts';

const WORKERS = [1, 2, 4, 8];
const DELAY_S = 0.05;
/** About a minute of work for one worker. */
const ITEMS_MAX = 2_400;
/** Chunks and runners of one worker, the same in every size. */
const PER_WORKER = { NOETL_WORKER_SLOTS: '2', NOETL_STEP_SLOTS: '2', NOETL_RUNNERS: '4' };

export const scaleOut: Scenario = {
  name: 'scale_out',
  describe: `Items a second with processing_delay ${String(DELAY_S)} on 1, 2, 4 and 8 workers, each with 2 chunks at once; warm runners.`,
  run: async (options) => {
    const items = Math.min(ITEMS_MAX, Math.max(...options.items));
    const rows: Row[] = [];
    for (const workers of WORKERS) rows.push(await measure(options, workers, items));
    const alone = rows[0]?.value ?? NaN;
    return [...rows, ...rows.slice(1).map((many, place) => speedUp(WORKERS[place + 1] ?? NaN, many, alone))];
  },
  charts: (rows) => [
    {
      title: 'Speed-up over one worker',
      kind: 'line',
      x: { title: 'workers' },
      y: { title: '×' },
      series: [
        { name: 'measured', points: [[1, 1], ...rows.flatMap(speedUpPoint)] },
        { name: 'ideal', points: WORKERS.map((workers) => [workers, workers]) },
      ],
    },
  ],
};

function speedUpPoint({ key, value }: Row): [number, number][] {
  const [, kind, workers] = key.split('/');
  return kind === 'speed_up' ? [[Number(workers), value]] : [];
}

function measure(options: RunOptions, workers: number, items: number): Promise<Row> {
  return onStage(options, { workers, env: PER_WORKER }, async (stage) => {
    const loop = { ...loopOf('python', 'parallel'), delay: DELAY_S };
    // Short chunks first, so that each worker gets some and starts its runners.
    await once(stage, options, { ...loop, items: Math.min(items, workers * 40) });
    const samples = await repeated(options.repeat, async () => {
      const { facts } = await once(stage, options, { ...loop, items });
      return items / facts.loop_seconds;
    });
    return row({
      key: `scale_out/${String(workers)}`,
      label: `${String(workers)} workers, ${String(DELAY_S * 1000)} ms an item`,
      unit: 'items/s',
      samples,
      facts: { items },
    });
  });
}

function speedUp(workers: number, many: Row, alone: number): Row {
  return row({
    key: `scale_out/speed_up/${String(workers)}`,
    label: `speed-up of ${String(workers)} workers over 1`,
    unit: '×',
    samples: [many.value / alone],
  });
}

/** The main job: the heavy loop as its playbooks stand in the repository, on warm runners, every run verified. */
import { type HeavyLoop, type HeavyLoopOutcome, runHeavyLoop } from '@noetl/cli';
import { median } from 'simple-statistics';
import { byName, repeated, row, type Row, type RunOptions, type Scenario } from '../scenario.ts';
import { clean, onStage, type Stage } from '../stage.ts';

/** Workers are resident: what counts is how fast they are when their code is compiled, not in their first second. */
const WARM_ITEMS = 20_000;
const WARM_ITEMS_QUICK = 10_000;
/** For small loops so many times their size is enough. */
const WARM_TIMES = 10;
/** The client waits in its request as long as that (requests end after 30 s), and only then asks for progress. */
const PATIENCE_S = 20;

export const heavyLoop: Scenario = {
  name: 'heavy_loop',
  describe:
    'Items a second between loop.started and loop.done as Postgres has them; each run verified: rows = distinct indexes = K/V count = items, and PASSED.',
  run: (options) =>
    onStage(options, { workers: options.workers }, async (stage) => {
      const rows: Row[] = [];
      const most = WARM_TIMES * Math.max(...options.items);
      const warm = options.quick ? WARM_ITEMS_QUICK : Math.min(WARM_ITEMS, most);
      for (const language of ['javascript', 'python'] as const) {
        await once(stage, options, { ...loopOf(language, 'parallel'), items: warm });
        for (const loop of loops(language, options)) rows.push(await measure(stage, options, loop));
      }
      return rows;
    }),
  charts: (rows) => [
    {
      title: 'Heavy loop: items a second by number of items',
      kind: 'line',
      x: { title: 'items', scale: 'log' },
      y: { title: 'items/s' },
      series: byName(rows, seriesName).map(([name, some]) => ({
        name,
        points: some.map(({ facts, value }) => [Number(facts?.['items']), value]),
      })),
    },
  ],
};

/** `python, parallel, 100 B`. */
function seriesName({ key }: Row): string {
  const [, language = '', mode = '', , padding = ''] = key.split('/');
  return `${language}, ${mode}, ${padding} B`;
}

/** Every combination asked for; the short run leaves out sequential JavaScript. */
function loops(language: HeavyLoop['language'], { items, padding, quick }: RunOptions): HeavyLoop[] {
  const modes: HeavyLoop['mode'][] =
    quick && language === 'javascript' ? ['parallel'] : ['parallel', 'sequential'];
  return modes.flatMap((mode) =>
    padding.flatMap((bytes) =>
      items.map((count) => ({ ...loopOf(language, mode), items: count, padding: bytes })),
    ),
  );
}

export function loopOf(language: HeavyLoop['language'], mode: HeavyLoop['mode']): HeavyLoop {
  return { items: 0, padding: 100, delay: 0, mode, language };
}

async function measure(stage: Stage, options: RunOptions, loop: HeavyLoop): Promise<Row> {
  const { language, mode, items, padding } = loop;
  const outcomes = await repeated(options.repeat, () => once(stage, options, loop), options.secondsPerFigure);
  return row({
    key: `heavy_loop/${language}/${mode}/${String(items)}/${String(padding)}`,
    label: `heavy loop, ${language}, ${mode}, ${String(items)} items, padding ${String(padding)}`,
    unit: 'items/s',
    samples: outcomes.map(({ facts }) => items / facts.loop_seconds),
    facts: {
      items,
      request_to_end_s: median(outcomes.map(({ facts }) => facts.seconds)),
      rows: Math.min(...outcomes.map(({ facts }) => facts.rows)),
      kv_count: Math.min(...outcomes.map(({ facts }) => facts.kv_completed_count)),
      verified: 'PASSED',
    },
  });
}

/** One verified run on tables that were emptied before. */
export async function once(stage: Stage, options: RunOptions, loop: HeavyLoop): Promise<HeavyLoopOutcome> {
  await clean(stage.db);
  const about = `${loop.language}, ${loop.mode}, ${String(loop.items)} items, padding ${String(loop.padding)}`;
  options.progress(about);
  const outcome = await runHeavyLoop(stage, loop, {
    patience_s: PATIENCE_S,
    note: () => undefined,
    progress: (text) => options.progress(`${about}: ${text}`),
  });
  if (outcome.failure !== undefined) throw new Error(`${about}: ${outcome.failure}`);
  return outcome;
}

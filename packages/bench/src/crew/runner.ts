/** One warm resident runner, alone or piped straight into COPY: a chunk is stored while the next one runs. */
import { createToolbox, type Toolbox } from '@noetl/tools';
import type { IterationRow } from '@noetl/store';
import pg from 'pg';
import { copyRows } from '../event-rows.ts';
import { item, itemCode, onRunner } from '../item-code.ts';
import { CHUNK, type RunnerJob } from './job.ts';

export async function runner(job: RunnerJob): Promise<() => Promise<void>> {
  const toolbox = createToolbox({ runners: 1 });
  const code = await itemCode(job.language);
  const db = job.databaseUrl === undefined ? undefined : new pg.Client({ connectionString: job.databaseUrl });
  await db?.connect();
  await run(toolbox, job, { code, from: 0, to: CHUNK }, () => Promise.resolve());
  return () =>
    run(toolbox, job, { code, from: job.from, to: job.to }, async (rows) => db && copyRows(db, rows));
}

/** One stream of items, so that the runner never waits; `store` gets a chunk when the one before is stored. */
async function run(
  toolbox: Toolbox,
  { language, padding }: RunnerJob,
  { code, from, to }: { code: string; from: number; to: number },
  store: (rows: IterationRow[]) => Promise<void>,
): Promise<void> {
  const texts: string[] = [];
  const take = (count: number): string[] => {
    const first = from + texts.length;
    const some = Array.from({ length: Math.min(count, to - first) }, (_, place) =>
      JSON.stringify(item(first + place)),
    );
    texts.push(...some);
    return some;
  };
  let rows: IterationRow[] = [];
  let stored = Promise.resolve();
  let index = from;
  for await (const { lines, durations_ms } of onRunner(toolbox, language, { code, padding, take })) {
    for (const [place, duration_ms] of durations_ms.entries()) {
      const item_text = texts[index - from] as string;
      const duration_s = duration_ms / 1000;
      rows.push({ index, status: 'COMPLETED', result_text: lines.at(place), item_text, duration_s });
      index += 1;
      if (rows.length < CHUNK && index < to) continue;
      await stored;
      stored = store(rows);
      rows = [];
    }
  }
  await stored;
}

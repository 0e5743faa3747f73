/** One warm resident runner, alone or piped straight into COPY: a chunk is stored while the next one runs. */
import { createToolbox, type Toolbox } from '@noetl/tools';
import pg from 'pg';
import { copy, copyBytes, type EventRow } from '../event-rows.ts';
import { item, itemCode, onRunner, resultText } from '../item-code.ts';
import { CHUNK, type RunnerJob } from './job.ts';

export async function runner(job: RunnerJob): Promise<() => Promise<void>> {
  const toolbox = createToolbox({ runners: 1 });
  const code = await itemCode(job.language);
  const db = job.databaseUrl === undefined ? undefined : new pg.Client({ connectionString: job.databaseUrl });
  await db?.connect();
  await run(toolbox, job, { code, from: 0, to: CHUNK }, () => Promise.resolve());
  return () =>
    run(toolbox, job, { code, from: job.from, to: job.to }, async (rows) => db && copy(db, copyBytes(rows)));
}

/** One stream of items, so that the runner never waits; `store` gets a chunk when the one before is stored. */
async function run(
  toolbox: Toolbox,
  { language, padding }: RunnerJob,
  of: { code: string; from: number; to: number },
  store: (rows: EventRow[]) => Promise<void>,
): Promise<void> {
  let rows: EventRow[] = [];
  let stored = Promise.resolve();
  let index = of.from;
  for await (const outcome of onRunner(toolbox, language, { ...of, padding })) {
    rows.push({ index, item: JSON.stringify(item(index)), result: resultText(outcome) });
    index += 1;
    if (rows.length < CHUNK && index < of.to) continue;
    await stored;
    stored = store(rows);
    rows = [];
  }
  await stored;
}

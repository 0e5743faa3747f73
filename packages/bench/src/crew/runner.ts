/** One warm resident runner, alone or piped straight into COPY: a chunk is stored while the next one runs. */
import { createToolbox, type Toolbox } from '@noetl/tools';
import pg from 'pg';
import { copy, copyText, type EventRow } from '../event-rows.ts';
import { item, itemCode, onRunner, resultText } from '../item-code.ts';
import { CHUNK, chunks, type RunnerJob } from './job.ts';

export async function runner(job: RunnerJob): Promise<() => Promise<void>> {
  const toolbox = createToolbox({ runners: 1 });
  const code = await itemCode(job.language);
  const db = job.databaseUrl === undefined ? undefined : new pg.Client({ connectionString: job.databaseUrl });
  await db?.connect();
  await run(toolbox, job, { code, from: 0, to: CHUNK });
  return async () => {
    let stored = Promise.resolve();
    for (const range of chunks(job.from, job.to)) {
      const rows = await run(toolbox, job, { code, ...range });
      await stored;
      if (db !== undefined) stored = copy(db, copyText(rows));
    }
    await stored;
  };
}

async function run(
  toolbox: Toolbox,
  { language, padding }: RunnerJob,
  of: { code: string; from: number; to: number },
): Promise<EventRow[]> {
  const rows: EventRow[] = [];
  let index = of.from;
  for await (const outcome of onRunner(toolbox, language, { ...of, padding })) {
    rows.push({ index, item: JSON.stringify(item(index)), result: resultText(outcome) });
    index += 1;
  }
  return rows;
}

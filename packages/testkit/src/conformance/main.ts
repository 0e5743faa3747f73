/**
 * `npm run conformance -- DIR`: runs the playbooks of a folder against what its `cases.json` expects, one after
 * another, on a platform of its own.
 */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { chosen, readCases } from './cases.ts';
import { register, runCase, type CaseOutcome } from './run-case.ts';
import { reasonToSkip } from './skip.ts';
import { Stage } from './stage.ts';
import { summaryOf, tableOf } from './table.ts';

interface Options {
  only?: string;
  json: boolean;
  workers: string;
  credentials?: string;
  python: string;
}

const EXAMPLES = `
Examples:
  npm run conformance -- ../shared/playbooks
  npm run conformance -- ../shared/playbooks --only 'page_*,s:*' --json`;

async function main(): Promise<void> {
  const program = new Command('conformance')
    .description('Run the playbooks of a folder and compare with its cases.json')
    .argument('<dir>', 'folder with cases.json, the playbooks it names, and mock.mjs')
    .option('--only <glob>', 'case ids to run, as globs separated by commas')
    .option('--json', 'one line of JSON a case instead of a table', false)
    .option('--workers <n>', 'worker processes', '2')
    .option('--credentials <file>', 'credentials to create, as a JSON list')
    .option('--python <program>', 'Python of the workers', process.env['NOETL_PYTHON'] ?? 'python3')
    .addHelpText('after', EXAMPLES);
  program.parse();
  const options = program.opts<Options>();
  const folder = resolve(program.args[0] as string);
  const cases = chosen(await readCases(folder), options.only);
  const log = (message: string): void => void process.stderr.write(`${message}\n`);
  const stage = await Stage.start({
    folder,
    workers: Number(options.workers),
    python: options.python,
    log,
    ...(options.credentials !== undefined && { credentials: options.credentials }),
  });
  const stop = (): void => void stage.stop().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const outcomes: CaseOutcome[] = [];
  try {
    // Sub-playbooks first: a parent may name a child that only another case declares.
    for (const dep of new Set(cases.flatMap((item) => item.deps)))
      await register(stage, resolve(folder, dep));
    for (const item of cases) {
      const skip = reasonToSkip(folder, item, { python: options.python, hasMock: stage.hasMock });
      const outcome: CaseOutcome =
        skip === undefined
          ? await runCase(stage, folder, item)
          : {
              id: item.id,
              file: item.file,
              expected: item.status,
              outcome: 'SKIPPED',
              verdict: 'skipped',
              reason: skip,
              seconds: 0,
            };
      outcomes.push(outcome);
      if (options.json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
      else log(`${String(outcomes.length)}/${String(cases.length)} ${outcome.verdict} ${item.id}`);
    }
  } finally {
    await stage.stop();
  }
  if (!options.json) process.stdout.write(tableOf(outcomes));
  const summary = summaryOf(outcomes);
  process.stdout.write(`${JSON.stringify(summary)}\n`);
  process.exit(summary.failed > 0 || outcomes.length === 0 ? 1 : 0);
}

await main();

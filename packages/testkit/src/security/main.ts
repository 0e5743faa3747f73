/** `npm run security`: every attack we know of, and what came of it. */
import { register } from 'node:module';
import { Command, Option } from 'commander';
import { markdownTable } from 'markdown-table';
import { mutated } from '../mutate/mutated.ts';
import { runCorpora, summaryOf, type Result } from './run.ts';
import { CORPORA, WEAKENINGS } from './catalog.ts';

interface Options {
  only?: string[];
  weaken?: string;
  first: boolean;
  list: boolean;
  json: boolean;
}

const EXAMPLES = `
The last line of the output is JSON; the exit code is 1 when anything got through.

Examples:
  npm run security
  npm run security -- --only ssrf,templates
  npm run security -- --weaken ssrf-by-name     break a guard on purpose; it must fail`;

const program = new Command('security')
  .description('Attack the product in every way we know of, on real services, and show what came of it')
  .addOption(new Option('--only <corpora>', 'these corpora only, separated by commas').argParser(names))
  .addOption(new Option('--weaken <guard>', 'break a guard on purpose').choices(Object.keys(WEAKENINGS)))
  .option('--first', 'stop at the first that gets through', false)
  .option('--list', 'print the names of all corpora and stop', false)
  .option('--json', 'nothing but the JSON', false)
  .addHelpText('after', EXAMPLES);

function names(text: string): string[] {
  const chosen = text.split(',').map((name) => name.trim());
  const unknown = chosen.find((name) => !(name in CORPORA));
  if (unknown !== undefined)
    program.error(`There is no corpus "${unknown}"; there are ${Object.keys(CORPORA).join(', ')}.`, {
      exitCode: 2,
    });
  return chosen;
}

program.parse();
const options = program.opts<Options>();
if (options.list) {
  process.stdout.write(`${Object.keys(CORPORA).join('\n')}\n`);
  process.exit(0);
}
if (options.weaken !== undefined) {
  // This process and those that corpora start load the weakened modules.
  Object.assign(process.env, mutated(options.weaken));
  register('../mutate/hooks.js', import.meta.url);
}
const say = (text: string): void => {
  if (!options.json) process.stderr.write(`${text}\n`);
};
const chosen =
  options.only ?? (options.weaken === undefined ? Object.keys(CORPORA) : WEAKENINGS[options.weaken]);
const corpora = await Promise.all(
  (chosen ?? []).map((name) => CORPORA[name]?.() ?? Promise.reject(new Error(name))),
);
const show = ({ corpus, attack, blocked, how }: Result): void => {
  say(`${blocked ? 'blocked' : 'THROUGH'}  ${corpus}: ${attack} — ${how}`);
};
const summary = summaryOf(await runCorpora(corpora, { onResult: show, first: options.first }));
const rows = Object.entries(summary.corpora).map(([name, { attacks, blocked }]) => [
  name,
  String(attacks),
  String(blocked),
]);
say(`\n${markdownTable([['corpus', 'attacks', 'blocked'], ...rows], { align: ['l', 'r', 'r'] })}\n`);
process.stdout.write(`${JSON.stringify(summary)}\n`);
process.exit(summary.through.length === 0 && summary.attacks > 0 ? 0 : 1);

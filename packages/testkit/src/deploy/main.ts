/** `npm run deploy:check`: everything under deploy/ and the compose file, without an engine and without a cluster. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { ALERTS, RULE, ruleOf } from './alerts.ts';
import { checkDeployment } from './check.ts';
import type { Part } from './finding.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

interface Options {
  root: string;
  json: boolean;
  write: boolean;
  allowMissing: boolean;
}

const options = new Command('deploy:check')
  .description('Check manifests, compose file, Dockerfile and alerts with the tools that judge them')
  .option('--root <folder>', 'the repository, or a copy of it', ROOT)
  .option('--json', 'print JSON', false)
  .option('--write', `make ${RULE} from ${ALERTS} first`, false)
  .option('--allow-missing', 'without kustomize, leave the manifests out instead of failing', false)
  .addHelpText(
    'after',
    '\nExit codes: 0 nothing found, 1 something is wrong or could not be looked at, 2 wrong usage.',
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()
  .opts<Options>();

if (options.write)
  await writeFile(join(options.root, RULE), ruleOf(await readFile(join(options.root, ALERTS), 'utf8')));
const parts = await checkDeployment({ root: options.root });
const isFine = parts.every(
  ({ findings, missing }) => findings.length === 0 && (missing === undefined || options.allowMissing),
);
if (options.json) console.log(JSON.stringify({ ok: isFine, parts }, undefined, 2));
else for (const one of parts) print(one);
process.exitCode = isFine ? 0 : 1;

function print({ name, checked, findings, missing }: Part): void {
  if (missing !== undefined) console.log(`MISSING  ${name}: not looked at, ${missing}`);
  else
    console.log(`${findings.length === 0 ? 'ok      ' : 'WRONG   '} ${name}: ${String(checked)} looked at`);
  for (const { place, message } of findings) console.log(`         ${place}: ${message}`);
}

#!/usr/bin/env node
/**
 * `npm run upgrade -- --from REF`: builds what REF names (a commit, a tag) beside this tree and runs the test of the
 * rolling upgrade from that build to this one. The other build stays for the next time; `--dir` says where.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from '../../cli/bin/prerequisites.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
prepare(root, 'testkit');
const { Command } = await import('commander');
const { from, dir } = new Command('npm run upgrade --')
  .description(
    'Tries a rolling upgrade from another build to this one: loops run meanwhile, and must be exact.',
  )
  .requiredOption('--from <ref>', 'commit or tag to upgrade from')
  .option('--dir <folder>', 'where builds of others are kept', join(tmpdir(), 'noetl-builds'))
  .parse()
  .opts();

const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const run = (program, args, cwd) => {
  const { status } = spawnSync(program, args, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

let commit;
try {
  commit = git('rev-parse', '--short', '--verify', '--quiet', `${from}^{commit}`);
} catch {
  console.error(`"--from" names nothing that git knows: ${from}. Try a commit of \`git log\`.`);
  process.exit(2);
}
const build = join(dir, commit);
const main = join(build, 'packages', 'cli', 'dist', 'main.js');
if (!existsSync(main)) {
  console.log(`Building ${commit} in ${build} …`);
  if (!existsSync(build)) git('worktree', 'add', '--detach', build, commit);
  run('npm', ['ci', '--no-audit', '--no-fund'], build);
  run(
    process.execPath,
    [join(build, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', 'packages/cli'],
    build,
  );
}
process.env.NOETL_UPGRADE_FROM = main;
process.env.NODE_OPTIONS = '--experimental-vm-modules --disable-warning=ExperimentalWarning';
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
run(process.execPath, [jest, '-c', 'packages/testkit/jest.config.js', 'upgrade.e2e'], root);

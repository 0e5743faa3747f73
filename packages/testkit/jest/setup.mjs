/**
 * Runs once before all tests: makes the folder in which the throwaway services of this run live.
 * Services start lazily, at their first use, so that pure tests pay nothing.
 */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeRun, sweepDeadRuns } from './runs.mjs';

export default async function setup() {
  await sweepDeadRuns(tmpdir());
  const dir = await mkdtemp(join(tmpdir(), `noetl-test-${process.pid}-`));
  // PostgreSQL refuses root and then runs as another user, who must reach its data.
  await chmod(dir, 0o755);
  process.env.NOETL_TEST_RUN_DIR = dir;
  process.on('exit', () => removeRun(dir));
}

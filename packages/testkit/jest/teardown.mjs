/** Runs once after all tests: ends the services of this run and removes their folder. */
import { removeRun } from './runs.mjs';

export default function teardown() {
  removeRun(process.env.NOETL_TEST_RUN_DIR);
}

/**
 * The language, corner by corner: small playbooks of both generations, run on real services, with what must come out
 * of each (`packages/testkit/language/cases.json`, in the form that `npm run conformance` reads).
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readCases } from '../conformance/cases.ts';
import { runCase } from '../conformance/run-case.ts';
import { Stage } from '../conformance/stage.ts';

const FOLDER = fileURLToPath(new URL('../../language/', import.meta.url));
const cases = await readCases(FOLDER);

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({ folder: FOLDER, workers: 1, log: () => undefined });
});

afterAll(async () => {
  await stage.stop();
});

test.each(cases.map((item) => [item.id, item] as const))('%s', async (_, item) => {
  const { verdict, reason } = await runCase(stage, FOLDER, item);
  expect([verdict, reason]).toEqual(['passed', '']);
});

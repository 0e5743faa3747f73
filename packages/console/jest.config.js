/** Jest for the browser tests, which are none of `npm test`: as all tests, but one file at a time. */
import { fileURLToPath } from 'node:url';
import shared from '../testkit/jest.config.js';

/** @type {import('jest').Config} */
export default {
  ...shared,
  rootDir: fileURLToPath(new URL('../..', import.meta.url)),
  roots: ['<rootDir>/packages/console'],
  testMatch: ['**/e2e/*.e2e.ts'],
  testTimeout: 120_000,
  maxWorkers: 1,
};

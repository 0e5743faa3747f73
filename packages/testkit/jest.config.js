/**
 * Jest for the whole repository; run from its root: `npx jest -c packages/testkit/jest.config.js [path]`.
 * Tests are ES modules and import siblings from source, so nothing has to be built for them, except what
 * starts real processes (`startPlatform`), which run from `dist`.
 */
import { fileURLToPath } from 'node:url';

/** @type {import('jest').Config} */
export default {
  rootDir: fileURLToPath(new URL('../..', import.meta.url)),
  roots: ['<rootDir>/packages'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  testEnvironment: 'node',
  // `source` resolves @noetl/* to src. Adding `import` here would break jest's own CommonJS.
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  globalSetup: '<rootDir>/packages/testkit/jest/setup.mjs',
  globalTeardown: '<rootDir>/packages/testkit/jest/teardown.mjs',
  testTimeout: 60_000,
  maxWorkers: 2,
};

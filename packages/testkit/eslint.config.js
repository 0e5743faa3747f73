/**
 * The style rules that a machine can check: strict types, short files and functions, and the import arrows of the
 * architecture. Run from the root: `npx eslint -c packages/testkit/eslint.config.js packages`.
 */
import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Which of our packages each one may import. What is not listed here is refused. */
const ARROWS = {
  protocol: [],
  playbook: ['protocol'],
  engine: ['playbook', 'protocol'],
  store: ['protocol'],
  bus: ['protocol'],
  tools: ['playbook', 'protocol', 'service'],
  service: [],
  api: ['engine', 'store', 'bus', 'playbook', 'service', 'protocol'],
  worker: ['tools', 'playbook', 'store', 'bus', 'service', 'protocol'],
  aggregator: ['store', 'bus', 'service', 'protocol'],
  client: [],
  console: ['client'],
  cli: ['client', 'api', 'worker', 'aggregator', 'store', 'playbook', 'protocol', 'service', 'bus'],
  // The simulator runs the decisions themselves, on models of everything around them.
  testkit: ['cli', 'store', 'bus', 'service', 'protocol', 'playbook', 'engine', 'api', 'worker', 'tools'],
  bench: ['cli', 'tools', 'playbook', 'store', 'bus', 'protocol'],
};

/** Packages without I/O, clock or randomness: the same input always gives the same output. */
const PURE = ['protocol', 'playbook', 'engine'];

/** External packages with one owner each, so that replacing one touches one package. */
const OWNERS = {
  nats: ['bus', 'tools', 'bench'],
  '@nats-io/*': ['bus'],
  pg: ['store', 'cli', 'testkit', 'tools', 'bench'],
  kysely: ['store', 'aggregator', 'api', 'worker'],
  express: ['api'],
  winston: ['service'],
  yaml: ['playbook', 'testkit'],
  react: ['console'],
};

const BANNED = [
  { regex: '^(nunjucks|vm2|jest-mock)($|/)', message: 'Banned: runs host code or fakes real parts.' },
  { regex: '^@noetl/[^/]+/(src|dist)', message: "Import the package's public face, not its files." },
  { regex: '^(\\.\\./)+(src|[a-z]+/src)/', message: 'Import siblings by package name.' },
];

/** Tests may start real services whatever their package may import. */
const TEST_FILES = ['**/*.test.ts', 'packages/*/e2e/**/*.ts'];

export default defineConfig(
  globalIgnores([
    '**/dist/',
    '**/node_modules/',
    '**/coverage/',
    '**/public/',
    // Made by a tool.
    'packages/client/src/schema.ts',
  ]),
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: ['packages/*/{src,e2e}/**/*.{ts,tsx}'],
    extends: [js.configs.recommended, tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='sql'][callee.property.name='raw'] > :not(Literal)",
          message: 'sql.raw takes literals only: use parameters, sql.ref or sql.table.',
        },
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
      ],
    },
  },
  ...Object.entries(ARROWS).map(([name, allowed]) => ({
    files: [`packages/${name}/src/**/*.{ts,tsx}`],
    ignores: TEST_FILES,
    rules: { 'no-restricted-imports': ['error', { patterns: importRules(name, allowed) }] },
  })),
  {
    files: PURE.map((name) => `packages/${name}/src/**/*.ts`),
    ignores: TEST_FILES,
    rules: {
      'no-restricted-globals': [
        'error',
        ...['process', 'Buffer', 'setTimeout', 'setInterval', 'fetch', 'crypto'],
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time is passed in.' },
        { object: 'Math', property: 'random', message: 'Randomness is passed in.' },
        { object: 'performance', property: 'now', message: 'Time is passed in.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time is passed in.' },
        { selector: "CallExpression[callee.name='Date']", message: 'Time is passed in.' },
      ],
    },
  },
  {
    files: ['packages/engine/src/**/*.ts'],
    ignores: TEST_FILES,
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'AwaitExpression', message: 'The engine is synchronous.' },
        { selector: ':function[async=true]', message: 'The engine is synchronous.' },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time is passed in.' },
        { selector: "CallExpression[callee.name='Date']", message: 'Time is passed in.' },
      ],
    },
  },
  {
    // Tests may import testkit, which imports what they test: they are a project of their own.
    files: TEST_FILES,
    languageOptions: {
      parserOptions: {
        projectService: false,
        project: [fileURLToPath(new URL('tsconfig.tests.json', import.meta.url))],
      },
    },
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['packages/*/{bin,jest}/**/*.mjs', 'packages/{testkit,console}/*.js'],
    extends: [js.configs.recommended],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
    rules: { 'max-lines': ['error', { max: 400 }], 'max-lines-per-function': ['error', { max: 70 }] },
  },
);

/** The import patterns that package `name` must not use. */
function importRules(name, allowed) {
  const siblings = Object.keys(ARROWS).filter((other) => other !== name && !allowed.includes(other));
  const rules = siblings.map((other) => ({
    regex: `^@noetl/${other}($|/)`,
    message: `${name} may import only: ${allowed.join(', ') || 'nothing of ours'}.`,
  }));
  if (PURE.includes(name)) rules.push({ regex: '^node:', message: `${name} is pure: no node modules.` });
  for (const [pkg, owners] of Object.entries(OWNERS)) {
    if (owners.includes(name)) continue;
    rules.push({
      regex: `^${pkg.replace('*', '.*')}($|/)`,
      message: `Only ${owners.join(', ')} may import ${pkg}.`,
    });
  }
  return [...rules, ...BANNED];
}

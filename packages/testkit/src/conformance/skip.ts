/** Cases that this machine cannot run, each with the reason. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './cases.ts';

/** Python packages that playbooks import and that are not everybody's. */
const PACKAGES = ['psycopg', 'psycopg2', 'httpx', 'pandas', 'dateutil', 'pyotp'];

/** Undefined when the case can run. */
export function reasonToSkip(
  folder: string,
  item: Case,
  { python, hasMock }: { python: string; hasMock: boolean },
): string | undefined {
  if (/http/.test(item.needs) && !hasMock) return 'needs the HTTP mock: no mock.mjs in the folder';
  const text = readFileSync(join(folder, item.file), 'utf8');
  for (const name of PACKAGES) {
    const imports = new RegExp(`\\bimport ${name}\\b|\\bfrom ${name}\\b|^\\s+${name}: ${name}$`, 'm');
    if (imports.test(text) && !hasPackage(python, name)) return `the Python package ${name} is not installed`;
  }
  const fromPython = /urlopen|httpx\.|requests\./.test(text) && /https:\/\/(?!\{\{)[a-z]/.test(text);
  if (/hostmap/.test(item.needs) && fromPython)
    return 'its Python code speaks to an internet host over https: that needs a host map with certificates';
  return undefined;
}

const known = new Map<string, boolean>();

function hasPackage(python: string, name: string): boolean {
  const key = `${python} ${name}`;
  let found = known.get(key);
  if (found === undefined) {
    try {
      execFileSync(python, ['-I', '-c', `import ${name}`], { stdio: 'ignore' });
      found = true;
    } catch {
      found = false;
    }
    known.set(key, found);
  }
  return found;
}

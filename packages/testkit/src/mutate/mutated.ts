/** The environment of processes that run with a deliberate defect. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MUTATIONS } from './mutations.ts';

const PACKAGES = new URL('../../../', import.meta.url);

/** Throws when the product has changed so much that the defect cannot be made any more. */
export function mutated(name: string): Record<string, string> {
  for (const { file, text } of MUTATIONS[name] ?? []) {
    const found = readFileSync(new URL(file, PACKAGES), 'utf8').includes(text);
    if (!found) throw new Error(`mutation ${name}: ${file} has no "${text}"`);
  }
  const hook = fileURLToPath(new URL('../../dist/mutate/mutate.js', import.meta.url));
  return { NOETL_TEST_MUTATION: name, NODE_OPTIONS: `--import ${hook}` };
}

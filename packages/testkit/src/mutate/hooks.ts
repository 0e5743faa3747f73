/** Hooks of Node's module loader: the modules that a mutation names are loaded with its replacements. */
import type { LoadHook } from 'node:module';
import { MUTATIONS } from './mutations.ts';

const replacements = MUTATIONS[process.env['NOETL_TEST_MUTATION'] ?? ''] ?? [];

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  const here = replacements.filter(({ file }) => url.endsWith(`/packages/${file}`));
  if (here.length === 0) return loaded;
  const text = loaded.source;
  let source = typeof text === 'string' ? text : new TextDecoder().decode(text);
  for (const { text: wanted, by } of here) source = source.replace(wanted, () => by);
  return { ...loaded, source };
};

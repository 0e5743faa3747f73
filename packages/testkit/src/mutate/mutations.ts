/**
 * Deliberate defects, to see that chaos runs and attacks find them: texts of built modules that are replaced as Node loads
 * them. Each is what a careless change would look like.
 */
export interface Replacement {
  /** Built file below `packages`. */
  file: string;
  text: string;
  by: string;
}

/** Those that chaos runs find. */
export const LOOP_MUTATIONS = ['ack-first', 'kv-add'] as const;

export const MUTATIONS: Readonly<Record<string, readonly Replacement[]>> = {
  /** A chunk is acknowledged, in Postgres, before its rows are committed. */
  'ack-first': [
    {
      file: 'store/dist/finish-chunk.js',
      text: 'if (rows.length > 0)',
      by: `await client.query('COMMIT');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await client.query('BEGIN');
    if (rows.length > 0)`,
    },
  ],
  /** Every worker adds what it has done to the count, as often as it says so. */
  'kv-add': [
    {
      file: 'bus/dist/loop-counter.js',
      text: 'const entry = await bucket.get(key);\n    const current',
      by: `const entry = await bucket.get(key);
    if (entry && entry.length > 0) state = { ...state, completed_count: codec.decode(entry.value).completed_count + state.completed_count };
    const current`,
    },
  ],
  /** One route is let through before anybody is asked who they are. */
  'open-route': [
    {
      file: 'api/dist/access/authorize.js',
      text: "if (rule?.target === 'open')",
      by: "if (rule?.target === 'open' || found.route?.name === 'GET /api/executions')",
    },
  ],
  /** A template engine that makes JavaScript of expressions. */
  'nunjucks-templates': [
    {
      file: 'playbook/dist/template/render.js',
      text: 'export function renderNative(text, scope) {',
      by: `import nunjucks from 'nunjucks';
export function renderNative(text, scope) {
    return nunjucks.renderString(text, {});`,
    },
  ],
  /** The text of a URL is judged, not the address that it leads to. */
  'ssrf-by-name': [
    {
      file: 'service/dist/outbound/guard.js',
      text: 'export function refusalOf(target, policy) {',
      by: `export function refusalOf(target, policy) {
    if (!['localhost', '127.0.0.1', '169.254.169.254'].includes(target.host)) return undefined;`,
    },
  ],
};

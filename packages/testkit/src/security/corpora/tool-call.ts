/** One call of a tool as a worker makes it, for attacks: its result or its error as text. */
import type { JsonObject } from '@noetl/protocol';
import type { Toolbox, ToolEnvironment, ValueStore } from '@noetl/tools';

/** Attacks store nothing. */
const VALUES: ValueStore = {
  list: () => Promise.resolve([]),
  value: () => Promise.resolve('null'),
  size: () => Promise.resolve(0),
  newList: () => {
    throw new Error('nothing is stored here');
  },
  keep: () => Promise.reject(new Error('nothing is stored here')),
};

const TIMEOUT_MS = 15_000;

/** `credential`: what the name `pg`, or any other, stands for. */
export async function callTool(
  toolbox: Toolbox,
  kind: string,
  config: JsonObject,
  credential: JsonObject = {},
): Promise<string> {
  const environment: ToolEnvironment = {
    execution_id: '1',
    step: 'attack',
    context: {
      execution_id: '1',
      catalog_id: '1',
      path: 'p',
      vars: {},
      steps: {},
      step_kinds: {},
      args: {},
      payload: {},
    },
    values: VALUES,
    credentials: (name) => Promise.resolve({ name, type: kind, data: credential }),
    hide: () => undefined,
    redact: (text) => text,
    signal: new AbortController().signal,
    timeout_ms: TIMEOUT_MS,
  };
  const items = [{ input: {}, idempotency_key: '1', attempt: 1 }];
  for await (const outcome of toolbox.get(kind)?.run({ config, items, lookahead: 1, environment }) ?? [])
    return outcome.status === 'ok' ? outcome.text : `${outcome.error.code}: ${outcome.error.message}`;
  throw new Error(`no tool ${kind}`);
}

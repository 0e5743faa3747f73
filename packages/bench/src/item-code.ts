/** The items of the heavy loop and the code that its playbooks run on each, taken from those playbooks unchanged. */
import { runInThisContext } from 'node:vm';
import { playbookText, type HeavyLoop } from '@noetl/cli';
import { parsePlaybook } from '@noetl/playbook';
import type { Json, JsonObject } from '@noetl/protocol';
import type { LineBatch, OutcomeBlock, Toolbox } from '@noetl/tools';

export type Language = HeavyLoop['language'];

/** As a worker has it. */
const LOOKAHEAD = 1_000;
const LOOP_STEP = 'process_items';

/** The item at an index, as the step `initialize` makes it. */
export function item(index: number): JsonObject {
  return {
    id: index,
    name: `item_${String(index).padStart(4, '0')}`,
    category: `category_${String(index % 10)}`,
    priority: index % 5,
    data: { label: `label_${String(index)}`, amount: index * 100, even: index % 2 === 0 },
  };
}

/** The code of the loop's step. */
export async function itemCode(language: Language): Promise<string> {
  const { playbook } = parsePlaybook(await playbookText({ language, mode: 'parallel' }));
  const code = playbook.steps.find((step) => step.name === LOOP_STEP)?.tasks[0]?.config['code'];
  if (typeof code !== 'string') throw new Error(`the playbook has no code in its step ${LOOP_STEP}`);
  return code;
}

export type ItemFunction = (item: JsonObject, padding: number, delay: number) => Promise<Json>;

/** JavaScript code as a function of this very process: the fastest way there is to run it. */
export function inProcess(code: string): ItemFunction {
  return runInThisContext(`(async (item, padding_size, delay) => {${code}\n})`) as ItemFunction;
}

/** Runs items on a resident runner as a worker does: texts in, blocks of results out, in order. */
export async function* onRunner(
  toolbox: Toolbox,
  language: Language,
  { code, padding, take }: { code: string; padding: number } & Pick<LineBatch, 'take'>,
): AsyncGenerator<OutcomeBlock> {
  const tool = toolbox.get(language);
  if (tool?.stream === undefined) throw new Error(`there is no tool ${language}`);
  const batch: LineBatch = {
    config: { code },
    shared: { padding_size: padding, delay: 0 },
    item_name: 'item',
    take,
    lookahead: LOOKAHEAD,
    environment: bareEnvironment(),
  };
  for await (const block of tool.stream(batch)) {
    for (const { error } of block.failures.values()) throw new Error(error.message);
    yield block;
  }
}

function bareEnvironment(): LineBatch['environment'] {
  const absent = (): never => {
    throw new Error('the code of an item uses nothing stored');
  };
  return {
    execution_id: '1',
    step: LOOP_STEP,
    context: {
      execution_id: '1',
      catalog_id: '1',
      path: 'bench',
      vars: {},
      steps: {},
      step_kinds: {},
      args: {},
      payload: {},
    },
    values: { list: absent, value: absent, newList: absent, keep: absent, size: absent },
    redact: (text) => text,
    credentials: absent,
    hide: () => undefined,
    signal: new AbortController().signal,
  };
}

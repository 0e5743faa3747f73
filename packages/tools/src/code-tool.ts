/** The tools that run an author's code, `python` and `javascript`: one shape, two runners. */
import { isJsonObject, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { BatchRun, type Program } from './runner/batch.ts';
import { fillHoles, hasHoles } from './runner/inputs.ts';
import { refusedLines } from './runner/outcomes.ts';
import type { RunnerPool } from './runner/pool.ts';
import type { LineBatch, OutcomeBlock, Tool, ToolBatch, ToolOutcome } from './tool.ts';

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    code: { type: 'string', description: 'The program. It sets `result`, returns, or defines main().' },
    code_b64: { type: 'string', description: 'The program in base64.' },
    code_base64: { type: 'string', description: 'The program in base64.' },
    script: {
      type: ['object', 'string'],
      description: 'Where the program is: {uri, source: {type: inline | file | http, code, endpoint}}.',
    },
    libs: {
      type: ['object', 'array', 'null'],
      description: 'Imports: {alias: module}, {alias: {from, import}}, or a list of modules.',
    },
  },
};

export function codeTool(kind: string, pool: RunnerPool): Tool {
  const stream = (batch: LineBatch): AsyncGenerator<OutcomeBlock> => runCode(kind, pool, batch);
  return {
    kind,
    schema: SCHEMA,
    stream,
    async *run(batch) {
      for await (const block of stream(linesOf(batch))) yield* outcomes(block);
    },
  };
}

async function* runCode(kind: string, pool: RunnerPool, batch: LineBatch): AsyncGenerator<OutcomeBlock> {
  let program: Program;
  try {
    program = programOf(kind, batch);
  } catch (error) {
    if (!(error instanceof NoetlError)) throw error;
    yield* refusedLines(batch, error.toInfo());
    return;
  }
  yield* new BatchRun(pool, batch, program).run();
}

/** Items one by one, as texts. Inputs that stay lazy are told by their references. */
function linesOf({ items, ...facts }: ToolBatch): LineBatch {
  const source = items[Symbol.iterator]();
  const take = async (count: number): Promise<string[]> => {
    const lines: string[] = [];
    while (lines.length < count) {
      const next = source.next();
      if (next.done === true) break;
      const { input } = next.value;
      const filled = hasHoles(input) ? (await fillHoles(input, facts.environment.values)).value : input;
      lines.push(JSON.stringify(filled));
    }
    return lines;
  };
  return { ...facts, shared: {}, item_name: null, take };
}

function* outcomes({ lines, durations_ms, failures, prints }: OutcomeBlock): Generator<ToolOutcome> {
  for (const [place, duration_ms] of durations_ms.entries()) {
    const facts = { stdout: prints.get(place) ?? '', duration_ms };
    const failure = failures.get(place);
    yield failure
      ? { status: 'error', ...failure, ...facts }
      : { status: 'ok', text: lines.text(place), ...facts };
  }
}

function programOf(kind: string, { config, environment }: LineBatch): Program {
  const code = sourceOf(kind, config);
  const { execution_id, context } = environment;
  const wantsContext = /\bcontext\b/.test(code);
  return {
    code,
    libs: libsOf(config['libs'] ?? null),
    names: { execution_id },
    context: wantsContext ? JSON.stringify(contextGlobal(context)) : null,
  };
}

/** Modules by alias; one that is only named goes by the first part of its name, as after `import a.b`. */
function libsOf(written: Json): JsonObject {
  if (Array.isArray(written)) return Object.assign({}, ...written.map(libOf)) as JsonObject;
  if (!isJsonObject(written)) return {};
  const entries = Object.entries(written).map(([alias, module]) =>
    module === null ? libOf(alias) : { [alias]: module },
  );
  return Object.assign({}, ...entries) as JsonObject;
}

function libOf(module: Json): JsonObject {
  if (typeof module !== 'string') return libsOf(module);
  return { [module.split('.')[0] ?? module]: { module } };
}

/** The global `context` of a program: ids, variables and the values of earlier steps. */
function contextGlobal(context: LineBatch['environment']['context']): JsonObject {
  const { execution_id, vars, steps } = context;
  return { ...steps, execution_id, workload: vars, ctx: vars, vars, steps };
}

/** Base64 before plain text; scripts have become `code` on the way here. */
function sourceOf(kind: string, config: JsonObject): string {
  const encoded = config['code_b64'] ?? config['code_base64'];
  const { code } = config;
  if (typeof encoded === 'string') return Buffer.from(encoded, 'base64').toString('utf8');
  if (typeof code === 'string') return code;
  throw new NoetlError('TOOL_CONFIG', `the ${kind} tool has no code`, {
    hint: 'Give it `code`, `code_b64` or a `script`.',
  });
}

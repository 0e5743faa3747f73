/**
 * Results of plain steps on their way into the log: what is large leaves the event and is kept on its own, with the
 * fields that the playbook selects left in place.
 */
import { createHash } from 'node:crypto';
import { nativeValue, renderNative, scopeOf, type Step } from '@noetl/playbook';
import {
  isJsonObject,
  jsonText,
  NoetlError,
  type Context,
  type Id,
  type Json,
  type JsonObject,
} from '@noetl/protocol';
import { externalise, keepValue } from '@noetl/store';
import { secondsOf } from '@noetl/tools';
import type { WorkerDeps } from './worker-deps.ts';

/** Larger results are stored once and travel as references. */
const INLINE_MAX_BYTES = 64 * 1024;
const KV_MAX_BYTES = 1024 * 1024;
const PREVIEW_MAX = 200;
const SCOPES = ['step', 'execution', 'workflow', 'permanent'];

/** JSON text of the value for the event. Throws TOOL_CONFIG when the playbook's `output` cannot be followed. */
export async function resultText(
  deps: WorkerDeps,
  executionId: Id,
  step: Step,
  text: string,
): Promise<string> {
  if (step.tasks.length > 1) return pipelineText(deps, executionId, step, text);
  const output = outputOfStep(step);
  if (output) {
    const done = await asOutputSays(deps, executionId, step.name, output, text);
    if (done !== undefined) return done;
  }
  if (sizeOf(text) <= INLINE_MAX_BYTES) return text;
  return JSON.stringify(await externalise(deps.store, executionId, JSON.parse(text) as Json));
}

/**
 * Of a pipeline each task's result is kept apart, so that all its spellings stay readable. A task has an `output` of
 * its own; the step's is that of the last one.
 */
async function pipelineText(deps: WorkerDeps, executionId: Id, step: Step, text: string): Promise<string> {
  const isLarge = sizeOf(text) > INLINE_MAX_BYTES;
  const last = step.tasks.at(-1)?.name;
  const outputs = new Map(
    step.tasks.map(({ name, output }) => [name, output ?? (name === last ? step.output : undefined)]),
  );
  if (!isLarge && [...outputs.values()].every((output) => output === undefined)) return text;
  const { results, ...value } = JSON.parse(text) as { results: JsonObject; last: string };
  const parts: JsonObject = {};
  for (const [task, result] of Object.entries(results)) {
    const output = outputs.get(task);
    const done = output && (await asOutputSays(deps, executionId, step.name, output, JSON.stringify(result)));
    if (done !== undefined) parts[task] = JSON.parse(done) as Json;
    else parts[task] = isLarge ? await externalise(deps.store, executionId, result) : result;
  }
  return JSON.stringify({ results: parts, ...value });
}

/** The text with the selected fields in place, or the reference to what has been kept; undefined when `output` asks for nothing. */
async function asOutputSays(
  deps: WorkerDeps,
  executionId: Id,
  step: string,
  output: JsonObject,
  text: string,
): Promise<string | undefined> {
  const limit = Number(output['inline_max_bytes'] ?? INLINE_MAX_BYTES);
  const selected = selection(output, text);
  if (sizeOf(text) > limit)
    return JSON.stringify(await kept(deps, executionId, step, output, text, selected));
  if (Object.keys(selected).length === 0) return undefined;
  const value = JSON.parse(text) as Json;
  return isJsonObject(value) ? JSON.stringify({ ...selected, ...value }) : undefined;
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text);
}

/** How the playbook wants the step's result kept, if it says so. */
function outputOfStep(step: Step): JsonObject | undefined {
  return step.output ?? step.tasks.at(-1)?.output;
}

/** `output_select: [name, {path, as}]`: the fields that stay in place. */
function selection(output: JsonObject, text: string): JsonObject {
  const written = output['output_select'] ?? output['select'];
  if (!Array.isArray(written)) return {};
  const context: Context = {
    execution_id: '0',
    catalog_id: '0',
    path: '',
    vars: {},
    steps: { value: nativeValue(JSON.parse(text) as Json, undefined) },
    step_kinds: {},
    args: {},
    payload: {},
  };
  const scope = scopeOf(context);
  const selected: JsonObject = {};
  for (const item of written) {
    const path = jsonText(isJsonObject(item) ? (item['path'] ?? item['name'] ?? '') : item);
    const label =
      isJsonObject(item) && typeof item['as'] === 'string' ? item['as'] : (path.split('.').at(-1) ?? path);
    const plain = path.replace(/^\$?\.?/, '');
    if (!/^[\w.[\]]+$/.test(plain)) continue;
    const value = renderNative(`{{ value.${plain} }}`, scope);
    if (value !== undefined) selected[label] = value;
  }
  return selected;
}

async function kept(
  deps: WorkerDeps,
  executionId: Id,
  step: string,
  output: JsonObject,
  text: string,
  selected: JsonObject,
): Promise<JsonObject> {
  const store = isJsonObject(output['store']) ? output['store'] : { kind: output['store'] ?? 'auto' };
  const asked = jsonText(store['kind'] ?? 'auto');
  const bytes = sizeOf(text);
  const tier = asked === 'auto' ? (bytes < KV_MAX_BYTES ? 'kv' : 'object') : asked;
  const scope = jsonText(store['scope'] ?? output['scope'] ?? 'execution');
  if (!SCOPES.includes(scope))
    throw new NoetlError(
      'TOOL_CONFIG',
      `\`output.scope\` of step "${step}" must be one of ${SCOPES.join(', ')}, not "${scope}"`,
    );
  const ttl_s = secondsOf(store['ttl'] ?? output['ttl']);
  const ref = await keepValue(deps.store, {
    execution_id: executionId,
    text,
    step,
    store: tier,
    scope,
    ...(ttl_s !== undefined && { ttl_s }),
  });
  const sha256 = createHash('sha256').update(text).digest('hex');
  const meta = { content_type: 'application/json', bytes, sha256, compression: null };
  return {
    ...selected,
    _ref: { ...ref, meta },
    _store: tier,
    _size_bytes: bytes,
    _preview: text.slice(0, PREVIEW_MAX),
  };
}

/**
 * Results of plain steps on their way into the log: what is large leaves the event and is kept on its own, with the
 * fields that the playbook selects left in place.
 */
import { createHash } from 'node:crypto';
import { nativeValue, renderNative, scopeOf, type Step } from '@noetl/playbook';
import { isJsonObject, jsonText, type Context, type Id, type Json, type JsonObject } from '@noetl/protocol';
import { externalise, keepValue } from '@noetl/store';
import { secondsOf } from '@noetl/tools';
import type { WorkerDeps } from './worker-deps.ts';

/** Larger results are stored once and travel as references. */
const INLINE_MAX_BYTES = 64 * 1024;
const KV_MAX_BYTES = 1024 * 1024;
const PREVIEW_MAX = 200;

/** JSON text of the value for the event. */
export async function resultText(
  deps: WorkerDeps,
  executionId: Id,
  step: Step,
  text: string,
): Promise<string> {
  const output = outputOfStep(step);
  const isPipeline = step.tasks.length > 1;
  if (output && !isPipeline) {
    const limit = Number(output['inline_max_bytes'] ?? INLINE_MAX_BYTES);
    const selected = selection(output, text);
    if (text.length > limit)
      return JSON.stringify(await kept(deps, executionId, step.name, output, text, selected));
    if (Object.keys(selected).length > 0) {
      const value = JSON.parse(text) as Json;
      if (isJsonObject(value)) return JSON.stringify({ ...selected, ...value });
    }
  }
  if (text.length <= INLINE_MAX_BYTES) return text;
  const value = JSON.parse(text) as Json;
  return JSON.stringify(
    isPipeline
      ? await pipelineParts(deps, executionId, value)
      : await externalise(deps.store, executionId, value),
  );
}

/** Of a pipeline each task's result is kept apart, so that all its spellings stay readable. */
async function pipelineParts(deps: WorkerDeps, executionId: Id, value: Json): Promise<Json> {
  const { results, last } = value as { results: JsonObject; last: string };
  const parts: JsonObject = {};
  for (const [task, result] of Object.entries(results))
    parts[task] = await externalise(deps.store, executionId, result);
  return { results: parts, last };
}

/** How the playbook wants the step's result kept, if it says so. */
export function outputOfStep(step: Step): JsonObject | undefined {
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
    if (!/^[\w.[\]]+$/.test(path)) continue;
    const value = renderNative(`{{ value.${path.replace(/^\$?\.?/, '')} }}`, scope);
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
  const bytes = Buffer.byteLength(text);
  const tier = asked === 'auto' ? (bytes < KV_MAX_BYTES ? 'kv' : 'object') : asked;
  const ttl_s = secondsOf(store['ttl'] ?? output['ttl']);
  const ref = await keepValue(deps.store, {
    execution_id: executionId,
    text,
    step,
    store: tier,
    scope: jsonText(output['scope'] ?? 'execution'),
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

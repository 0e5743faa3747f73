/** The first decision: the workload is settled and the entry step reached. */
import { mergeDeep, render, scopeOf } from '@noetl/playbook';
import { isJsonObject, type Context, type Json, type JsonObject } from '@noetl/protocol';
import type { EngineInput } from '../inputs.ts';
import type { Draft } from './draft.ts';

/** Rounds in which defaults may refer to each other; what still changes then refers to itself and stays as written. */
const ROUNDS_MAX = 5;

export function start(draft: Draft, input: Extract<EngineInput, { kind: 'start' }>): void {
  const { playbook } = draft.environment;
  const { execution_id, catalog_id, parent_execution_id, payload } = input;
  const parent = parent_execution_id === undefined ? {} : { parent_execution_id };
  const identity = { execution_id, catalog_id, ...parent };
  draft.state = { ...draft.state, ...identity, path: playbook.path };
  const workload = settle(playbook.workload, request(payload), draft);
  const result = { ...identity, workload, payload };
  draft.add({ event_type: 'playbook.initialized', node_name: playbook.path, status: 'STARTED', result });
}

/** The request's own values: bare keys, and what `workload` and `ctx` in the payload hold. */
function request(payload: JsonObject): JsonObject {
  const { workload, ctx, ...bare } = payload;
  let merged: JsonObject = bare;
  for (const [key, nested] of [
    ['workload', workload],
    ['ctx', ctx],
  ] as const) {
    if (isJsonObject(nested)) merged = mergeDeep(merged, nested);
    else if (nested !== undefined) merged = { ...merged, [key]: nested };
  }
  return merged;
}

/** Defaults under the request. Only the author's defaults are templates: what a request sends is never rendered. */
function settle(defaults: JsonObject, given: JsonObject, draft: Draft): JsonObject {
  let settled = mergeDeep(defaults, given);
  let open: string[] = [];
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const scope = scopeOf(
      startContext(draft, settled, given),
      { now_ms: draft.environment.nowMs, env: draft.environment.env },
      draft.environment.values,
    );
    const before = settled;
    settled = mergeDeep(render(defaults, scope) as JsonObject, given);
    open = Object.keys(settled).filter((key) => !isDeepEqual(settled[key], before[key]));
    if (open.length === 0) return settled;
  }
  const asWritten = Object.fromEntries(open.map((key) => [key, defaults[key] ?? null]));
  return mergeDeep({ ...settled, ...asWritten }, given);
}

function isDeepEqual(a: Json | undefined, b: Json | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function startContext(draft: Draft, vars: JsonObject, payload: JsonObject): Context {
  return { ...draft.context(draft.environment.playbook.entry_step), vars, payload };
}

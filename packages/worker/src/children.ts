/** The tool `playbook`: starts a child execution, and waits for it without a worker. */
import { notifyAdvance } from '@noetl/bus';
import { nativeValue } from '@noetl/playbook';
import {
  isJsonObject,
  jsonText,
  NoetlError,
  refOf,
  type Id,
  type Json,
  type JsonObject,
} from '@noetl/protocol';
import {
  createChild,
  getExecution,
  playbookHead,
  requestCancel,
  stepResult,
  type ExecutionRow,
} from '@noetl/store';
import type { ToolOutcome } from '@noetl/tools';
import { stepOf } from './loop-context.ts';
import type { WorkerDeps } from './worker-deps.ts';

export interface ChildCall {
  parent_execution_id: Id;
  config: JsonObject;
  input: JsonObject;
  /** The same for every try at this very call. */
  key: string;
  timeoutMs?: number;
}

export type Child =
  { waits: true; execution_id: Id; deadline_ms: number | null } | { waits: false; value: Json };

/** Starts the child, or finds the one that was started before; without a step to return nobody waits. */
export async function startChild(deps: WorkerDeps, call: ChildCall): Promise<Child> {
  const { config, input, key, parent_execution_id } = call;
  const path = config['path'];
  if (typeof path !== 'string' || path === '') {
    throw new NoetlError('TOOL_CONFIG', 'the playbook tool needs `path`: which playbook to start');
  }
  const version = Number(config['version']);
  const isVersion = Number.isInteger(version) && version > 0;
  const entry = await playbookHead(deps.store, { path, ...(isVersion && { version }) });
  const { timeout_s } = await deps.playbooks(entry.catalog_id);
  const { execution_id } = await createChild(deps.store, {
    execution_id: deps.newId(),
    parent_execution_id,
    entry,
    key,
    payload: payloadOf(config, input),
    ...(timeout_s !== undefined && { timeout_s }),
  });
  notifyAdvance(deps.bus, execution_id);
  if (!waits(config)) return { waits: false, value: { status: 'started', execution_id, path, async: true } };
  const deadline_ms = call.timeoutMs === undefined ? null : deps.nowMs() + call.timeoutMs;
  return { waits: true, execution_id, deadline_ms };
}

/** The outcome of a child; undefined while it runs. One that has run out of time is cancelled. */
export async function outcomeOfChild(
  deps: WorkerDeps,
  child: { execution_id: Id; deadline_ms: number | null },
  config: JsonObject,
): Promise<ToolOutcome | undefined> {
  const execution = await getExecution(deps.store, child.execution_id);
  if (!execution)
    throw new NoetlError('INTERNAL', `child execution ${child.execution_id} is not in the database`);
  const { execution_id, path, status, start_time, end_time } = execution;
  if (end_time === null) {
    if (child.deadline_ms === null || deps.nowMs() < child.deadline_ms) return undefined;
    await requestCancel(deps.store, execution_id, 'the parent has waited long enough');
    notifyAdvance(deps.bus, execution_id);
    const late = new NoetlError(
      'TOOL_TIMEOUT',
      `the child ${path} (${execution_id}) did not end within the timeout`,
      {
        kind: 'timeout',
        details: { execution_id },
      },
    );
    return { status: 'error', error: late.toInfo(), stdout: '', duration_ms: 0 };
  }
  const facts = { stdout: '', duration_ms: end_time.getTime() - start_time.getTime() };
  const about = { execution_id, status, path };
  if (status === 'COMPLETED') {
    const value = withChild(await returned(deps, execution, config), about);
    return { status: 'ok', text: JSON.stringify(value), ...facts };
  }
  const reason = execution.error ?? status;
  const failed = new NoetlError(
    'CHILD_FAILED',
    `the child ${path} (${execution_id}) ended ${status}: ${reason}`,
    {
      details: about,
    },
  );
  return { status: 'error', error: failed.toInfo(), text: JSON.stringify({ _child: about }), ...facts };
}

/** The value of the step that the parent wants, or the child's own result. */
async function returned(deps: WorkerDeps, child: ExecutionRow, config: JsonObject): Promise<Json> {
  const wanted = config['return_step'] ?? config['result_step'];
  if (typeof wanted !== 'string' || wanted === '') return child.result;
  const value = await stepResult(deps.store, child.execution_id, wanted);
  if (value === undefined) return null;
  const step = stepOf(await deps.playbooks(child.catalog_id), wanted);
  return nativeValue(value, step.pipeline && step.tasks.length > 1 && !step.loop ? 'pipeline' : undefined);
}

function withChild(value: Json, about: JsonObject): Json {
  if (!isJsonObject(value)) return value ?? { _child: about };
  return refOf(value) ? value : { ...value, _child: about };
}

function waits(config: JsonObject): boolean {
  const wanted = config['return_step'] ?? config['result_step'];
  if (typeof wanted === 'string' && wanted !== '') return true;
  const flag = jsonText(config['return_result'] ?? config['wait'] ?? false).toLowerCase();
  return flag !== 'false' && flag !== '' && flag !== 'null';
}

/** Inputs of the child: what stands under `input`, `args`, `payload` or `workload`, the later over the earlier. */
function payloadOf(config: JsonObject, input: JsonObject): JsonObject {
  const parts = [config['workload'], config['payload'], input];
  return Object.assign({}, ...parts.filter(isJsonObject)) as JsonObject;
}

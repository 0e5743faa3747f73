/** Frames of cursor loops: claims the next rows with the author's SQL and gives them indexes in the loop. */
import { render, startsChild } from '@noetl/playbook';
import {
  errorInfo,
  isJsonObject,
  NoetlError,
  type ErrorInfo,
  type Json,
  type JsonObject,
} from '@noetl/protocol';
import { fillFrame } from '@noetl/store';
import { STEP_DEATHS_MAX, workerDied } from './careful.ts';
import type { CommandEnvironment } from './environment.ts';
import { Frame, renderConfig } from './frame.ts';
import type { Gate } from './gate.ts';
import { Postponed } from './line.ts';
import type { LoopContext } from './loop-context.ts';
import { callOnce } from './tasks.ts';
import type { WorkerDeps } from './worker-deps.ts';

export type ClaimedFrame =
  | { kind: 'items'; from: number; to: number }
  /** Nothing is left to claim. */
  | { kind: 'drained' }
  /** The claim failed; its failure is the frame's one item. */
  | { kind: 'failed'; from: number; error: ErrorInfo }
  /** Somebody else holds the command now. */
  | { kind: 'lost' };

/** A claim that may succeed later is tried again by delivering the frame again, this often. */
const ATTEMPTS_MAX = 5;

export async function claimFrame(
  deps: WorkerDeps,
  context: LoopContext,
  frame: { execution_id: string; command_id: string; attempt: number; ctx: JsonObject; deaths: number },
  around: CommandEnvironment,
  gate: Gate,
): Promise<ClaimedFrame> {
  const held = { execution_id: frame.execution_id, command_id: frame.command_id, worker_id: deps.workerId };
  const failed = async (error: ErrorInfo): Promise<ClaimedFrame> => {
    const range = await fillFrame(deps.store, context.loop, held, ['null']);
    return range ? { kind: 'failed', from: range.from, error } : { kind: 'lost' };
  };
  if (frame.deaths >= STEP_DEATHS_MAX) return failed(workerDied('the claim of a frame', frame.deaths));
  let rows: Json[];
  try {
    rows = await claimedRows(deps, context, frame.ctx, around, gate);
  } catch (error) {
    if (error instanceof Postponed) throw error;
    around.environment.signal.throwIfAborted();
    const info = around.redactor.error(errorInfo(error));
    if (info.retryable && frame.attempt < ATTEMPTS_MAX) throw error;
    return failed(info);
  }
  if (rows.length === 0) return { kind: 'drained' };
  const whole = context.step.loop?.cursor?.process === 'frame';
  const written = whole ? [JSON.stringify(rows)] : rows.map((row) => JSON.stringify(row));
  const items = written.map((text) => around.redactor.result(text));
  const range = await fillFrame(deps.store, context.loop, held, items);
  return range ? { kind: 'items', ...range } : { kind: 'lost' };
}

async function claimedRows(
  deps: WorkerDeps,
  { loop, step }: LoopContext,
  ctx: JsonObject,
  { environment, values, names }: CommandEnvironment,
  gate: Gate,
): Promise<Json[]> {
  const cursor = step.loop?.cursor;
  if (!cursor) throw new NoetlError('INTERNAL', `step "${step.name}" has no cursor`);
  const vars = { ...loop.context.vars, ...ctx };
  // Rows that start children are handed on one by one: where frames are counted, each has one.
  const oneByOne = loop.max_in_flight !== null && mustSplit({ step }, cursor.process === 'row' ? 2 : 1);
  const frame = new Frame({ ...loop.context, vars }, names, values);
  const config = await values.run(() => {
    const max = oneByOne ? 1 : Math.max(1, Math.floor(Number(render(cursor.max_rows, frame.scope()))));
    return renderConfig(cursor, frame.scope({ __frame_max_rows: max }));
  });
  const key = `${loop.execution_id}/${loop.step}/${loop.loop_id}/claim`;
  const { toolbox } = deps;
  const outcome = await callOnce({ toolbox, environment, gate }, cursor.kind, {
    config,
    input: {},
    key,
    attempt: 1,
    first: true,
  });
  if (outcome.status === 'error') {
    const { code, message, kind, retryable, details } = outcome.error;
    throw new NoetlError(code, `the claim of loop "${step.name}" failed: ${message}`, {
      kind,
      retryable,
      ...(details && { details }),
    });
  }
  const result = JSON.parse(outcome.text) as Json;
  const rows = isJsonObject(result) ? result['rows'] : result;
  return Array.isArray(rows) ? rows : [];
}

/** Items that start children are handed on one by one, so that each can wait for its own. */
export function mustSplit({ step }: Pick<LoopContext, 'step'>, size: number): boolean {
  return size > 1 && step.tasks.some((task) => startsChild(task.kind));
}

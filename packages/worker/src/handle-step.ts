/** A claimed step command: run its tasks once, store the outcome in one fenced transaction, wake the decider. */
import { notifyAdvance } from '@noetl/bus';
import type { Id, Json, StepCommand } from '@noetl/protocol';
import { externalise, finishStep } from '@noetl/store';
import { environmentOf } from './environment.ts';
import { Frame } from './frame.ts';
import { LoadedValues } from './loaded-values.ts';
import { stepOf } from './loop-context.ts';
import { runTasks } from './tasks.ts';
import type { WorkerDeps } from './worker-deps.ts';

/** Larger results are stored once and travel as references. */
const INLINE_MAX_BYTES = 64 * 1024;

export async function handleStep(
  deps: WorkerDeps,
  command: StepCommand,
  catalogId: Id,
  signal: AbortSignal,
): Promise<void> {
  const { execution_id, context } = command;
  const playbook = await deps.playbooks(catalogId);
  const step = stepOf(playbook, command.step);
  const values = new LoadedValues(deps.store, execution_id);
  const frame = new Frame(context, {}, values);
  const about = { execution_id, step: step.name, context, playbook, signal };
  const { environment: around, redactor } = environmentOf(deps, about);
  const environment = { ...around, stream: true };
  const idempotencyKey = `${execution_id}/${step.name}/${command.event_id}`;
  const { toolbox } = deps;
  const outcome = await runTasks(step, frame, { toolbox, values, environment, idempotencyKey });
  if (signal.aborted) return;
  const facts = {
    stdout: redactor.result(outcome.stdout),
    attempts: outcome.attempts,
    duration_s: outcome.duration_ms / 1000,
  };
  const ctx = Object.keys(frame.written).length > 0 ? { ctx: frame.written } : {};
  const { committed } = await finishStep(deps.store, {
    execution_id,
    command_id: command.command_id,
    worker_id: deps.workerId,
    nowMs: deps.nowMs(),
    outcome:
      outcome.status === 'ok'
        ? {
            status: 'COMPLETED',
            result_text: await inlineText(deps, execution_id, redactor.result(outcome.text)),
            ...facts,
            ...ctx,
          }
        : { status: 'FAILED', error: redactor.error(outcome.error), ...facts, ...ctx },
  });
  if (committed) notifyAdvance(deps.bus, execution_id);
}

async function inlineText(deps: WorkerDeps, executionId: Id, text: string): Promise<string> {
  if (text.length <= INLINE_MAX_BYTES) return text;
  return JSON.stringify(await externalise(deps.store, executionId, JSON.parse(text) as Json));
}

/** A claimed step command: run its tasks once, store the outcome in one fenced transaction, wake the decider. */
import { notifyAdvance } from '@noetl/bus';
import type { Step } from '@noetl/playbook';
import { NoetlError, type ErrorInfo, type Id, type Json, type StepCommand } from '@noetl/protocol';
import { finishStep } from '@noetl/store';
import { STEP_DEATHS_MAX, workerDied } from './careful.ts';
import { environmentOf } from './environment.ts';
import { Frame } from './frame.ts';
import { failStep } from './give-up.ts';
import { gateOf } from './gate.ts';
import type { Lease } from './leases.ts';
import { stepOf } from './loop-context.ts';
import { whileHeld } from './persist.ts';
import { progressOf, type Progress } from './progress.ts';
import { resultText } from './results.ts';
import type { Redactor } from './redactor.ts';
import { suspendOrGoOn } from './suspend.ts';
import { childrenOf, runTasks, type ItemOutcome } from './tasks.ts';
import type { WorkerDeps } from './worker-deps.ts';

export async function handleStep(
  deps: WorkerDeps,
  command: StepCommand,
  claimed: { catalog_id: Id; progress: Json; deaths: number },
  lease: Lease,
): Promise<void> {
  const { execution_id, context } = command;
  const { signal } = lease;
  const startedAt = deps.clock();
  const startMs = deps.nowMs();
  if (claimed.deaths >= STEP_DEATHS_MAX)
    return failStep(deps, command, workerDied('the step', claimed.deaths));
  const playbook = await deps.playbooks(claimed.catalog_id);
  const step = stepOf(playbook, command.step);
  const part = `event:${command.event_id}` as const;
  const traceparent = await deps.traces?.traceparent(execution_id, part);
  const about = { execution_id, step: step.name, context, playbook, signal, traceparent };
  const { environment: around, redactor, values, names } = environmentOf(deps, about);
  // A result that is kept as a whole comes as a whole.
  const isKept = step.output !== undefined || step.tasks.some(({ output }) => output !== undefined);
  const environment = { ...around, stream: !isKept };
  const idempotencyKey = `${execution_id}/${step.name}/${command.event_id}`;
  const { toolbox, permits } = deps;
  const gate = gateOf(permits, lease);
  const tasks = { toolbox, values, environment, idempotencyKey, children: childrenOf(deps), gate };
  let frame = new Frame(context, names, values);
  const run = (progress?: Progress): Promise<ItemOutcome> => {
    frame = new Frame(context, names, values);
    return runTasks(step, frame, tasks, progress);
  };
  const outcome = await suspendOrGoOn(deps, command, progressOf(claimed.progress), run);
  if (!outcome || signal.aborted) return;
  const facts = {
    stdout: redactor.prints(outcome.stdout),
    attempts: outcome.attempts,
    duration_s: outcome.duration_ms / 1000,
  };
  const written = redactor.vars(frame.written);
  const ctx = Object.keys(written).length === 0 ? {} : { ctx: written };
  const stored = await storedOutcome(deps, execution_id, step, redactor, outcome);
  await deps.failpoint('worker.ran');
  const finished = {
    execution_id,
    command_id: command.command_id,
    worker_id: deps.workerId,
    nowMs: deps.nowMs(),
    outcome: { ...stored, ...facts, ...ctx },
  };
  const { committed } = await whileHeld(lease, deps.log, () => finishStep(deps.store, finished));
  await deps.failpoint('worker.committed');
  if (committed) {
    deps.record.step(stored.status, (deps.clock() - startedAt) / 1000);
    deps.traces?.record(execution_id, {
      part,
      name: step.name,
      startMs,
      endMs: deps.nowMs(),
      attributes: { 'noetl.kind': 'step', 'noetl.attempts': outcome.attempts },
      ...(stored.status === 'FAILED' && { error: stored.error.message }),
    });
    notifyAdvance(deps.bus, execution_id);
  }
  await deps.failpoint('worker.announced');
}

type Stored = { status: 'COMPLETED'; result_text: string } | { status: 'FAILED'; error: ErrorInfo };

/** What is too large goes into the store first; a playbook that asks for what cannot be fails its step. */
async function storedOutcome(
  deps: WorkerDeps,
  executionId: Id,
  step: Step,
  redactor: Redactor,
  outcome: ItemOutcome,
): Promise<Stored> {
  if (outcome.status === 'error') return { status: 'FAILED', error: redactor.error(outcome.error) };
  try {
    const text = redactor.result(outcome.text);
    return { status: 'COMPLETED', result_text: await resultText(deps, executionId, step, text) };
  } catch (error) {
    if (error instanceof NoetlError) return { status: 'FAILED', error: redactor.error(error.toInfo()) };
    throw error;
  }
}

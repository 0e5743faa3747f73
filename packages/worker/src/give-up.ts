/** The end of a command that can never be run or finished: it, or all of its items, is stored as failed. */
import { notifyAdvance } from '@noetl/bus';
import { errorInfo, type Command, type ErrorInfo, type StepCommand } from '@noetl/protocol';
import { processSecrets } from '@noetl/service';
import { finishStep } from '@noetl/store';
import { failChunk } from './handle-chunk.ts';
import type { WorkerDeps } from './worker-deps.ts';

export async function giveUp(deps: WorkerDeps, command: Command, error: unknown): Promise<void> {
  const { message, ...info } = errorInfo(error);
  // Nobody knows any more what the command has seen; the process does.
  const told = { ...info, message: processSecrets.text(message) };
  if (command.lane === 'step') await failStep(deps, command, told);
  else await failChunk(deps, command, told);
}

export async function failStep(deps: WorkerDeps, command: StepCommand, error: ErrorInfo): Promise<void> {
  const { execution_id, command_id } = command;
  const { committed } = await finishStep(deps.store, {
    execution_id,
    command_id,
    worker_id: deps.workerId,
    nowMs: deps.nowMs(),
    outcome: { status: 'FAILED', error, attempts: 1, duration_s: 0, stdout: '' },
  });
  if (committed) notifyAdvance(deps.bus, execution_id);
}

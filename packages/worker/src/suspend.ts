/** Items that wait for a child: the command is put aside, and goes on where it was when the child has ended. */
import type { Json } from '@noetl/protocol';
import { suspendCommand, type CommandKey } from '@noetl/store';
import { Suspended, type Progress } from './progress.ts';
import type { WorkerDeps } from './worker-deps.ts';

/** The outcome of `run`; undefined when the command now waits, or is no longer this worker's. */
export async function suspendOrGoOn<T>(
  deps: WorkerDeps,
  { execution_id, command_id }: CommandKey,
  stored: Progress | undefined,
  run: (progress?: Progress) => Promise<T>,
): Promise<T | undefined> {
  for (let progress = stored; ;) {
    try {
      return await run(progress);
    } catch (error) {
      if (!(error instanceof Suspended)) throw error;
      const { child } = error.progress;
      const wakeMs = child.deadline_ms === null ? undefined : Math.max(0, child.deadline_ms - deps.nowMs());
      const state = await suspendCommand(deps.store, {
        execution_id,
        command_id,
        worker_id: deps.workerId,
        progress: error.progress as unknown as Json,
        child: child.execution_id,
        ...(wakeMs !== undefined && { wake_after_ms: wakeMs }),
      });
      if (state !== 'ended') return undefined;
      progress = error.progress;
    }
  }
}

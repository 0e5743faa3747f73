/** `api/src/relay.ts`: finds what notices missed and sets it going again. */
import { executionsToAdvance, overdueExecutions } from '../store/loops.ts';
import { staleCommands } from '../store/commands.ts';
import { isPassing, type Work } from '../world.ts';
import type { Api } from './api.ts';

const UNCLAIMED_OLDER_THAN_MS = 5_000;
const UNFOLDED_OLDER_THAN_MS = 2_000;
const RESEND_WINDOW_MS = 10_000;
const SWEEP_MS = 1_000;

export function startRelay(api: Api): void {
  const { process } = api;
  const { db, bus } = api.deps;
  function* republish(): Work {
    const stale = yield* staleCommands(db, process, UNCLAIMED_OLDER_THAN_MS);
    const window = String(Math.floor(process.nowMs / RESEND_WINDOW_MS));
    for (const command of stale)
      yield* bus.publishCommand(
        process,
        command,
        `${command.command_id}:${String(command.attempt)}:${window}`,
      );
  }
  function* advanceForgotten(): Work {
    for (const executionId of yield* executionsToAdvance(db, process, UNFOLDED_OLDER_THAN_MS))
      yield* api.advance(executionId);
  }
  function* expire(): Work {
    for (const executionId of yield* overdueExecutions(db, process)) {
      try {
        yield* api.advance(executionId, { kind: 'expire' });
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
    }
  }
  for (const round of [republish, advanceForgotten, expire]) process.every(SWEEP_MS, round);
}

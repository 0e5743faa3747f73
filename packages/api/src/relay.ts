/**
 * The relay: finds what notices missed and sets it going again. Commands that nobody has claimed, or whose lease has
 * expired, are published once more; executions with facts that nobody has folded are advanced.
 */
import { publishCommand } from '@noetl/bus';
import { every, type Service } from '@noetl/service';
import { executionsToAdvance, staleCommands, wakeOverdue } from '@noetl/store';
import { advance, publishWoken, type AdvanceDeps } from './advance.ts';

const UNCLAIMED_OLDER_THAN_MS = 5_000;
const UNFOLDED_OLDER_THAN_MS = 2_000;
const BATCH = 200;
/** A command sent again within this time is one message to the stream; later it is a new one. */
const RESEND_WINDOW_MS = 10_000;

export function relayServices(deps: AdvanceDeps, intervalMs: number): Service[] {
  return [
    every('relay-commands', intervalMs, () => republish(deps), { log: deps.log }),
    every('relay-waiting', intervalMs, () => wake(deps), { log: deps.log }),
    every('relay-executions', intervalMs, () => advanceForgotten(deps), { log: deps.log }),
  ];
}

async function republish(deps: AdvanceDeps): Promise<void> {
  const stale = await staleCommands(deps.store, { older_than_ms: UNCLAIMED_OLDER_THAN_MS, limit: BATCH });
  const window = Math.floor(deps.nowMs() / RESEND_WINDOW_MS);
  for (const command of stale) {
    await publishCommand(deps.bus, command, { dedupe: `${command.command_id}:${command.attempt}:${window}` });
  }
  if (stale.length > 0) deps.log.info('published commands again', { count: stale.length });
}

/** Commands that have waited for their child longer than they may. */
async function wake(deps: AdvanceDeps): Promise<void> {
  await publishWoken(deps.bus, await wakeOverdue(deps.store, BATCH));
}

async function advanceForgotten(deps: AdvanceDeps): Promise<void> {
  const waiting = await executionsToAdvance(deps.store, {
    older_than_ms: UNFOLDED_OLDER_THAN_MS,
    limit: BATCH,
  });
  for (const executionId of waiting) {
    deps.log.info('advancing an execution whose notice was lost', { execution_id: executionId });
    await advance(deps, executionId);
  }
}

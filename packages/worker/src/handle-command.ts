/**
 * One message of the command queue: claim, run, finish, acknowledge. The message is acknowledged only after the
 * commit; whatever goes wrong before leaves the command to be delivered again.
 */
import type { CommandMessage } from '@noetl/bus';
import { claimCommand, postponeCommand } from '@noetl/store';
import { handleChunk } from './handle-chunk.ts';
import { handleStep } from './handle-step.ts';
import { Postponed } from './line.ts';
import type { WorkerDeps } from './worker-deps.ts';

const RETRY_DELAY_MS = 1_000;

export async function handleCommand(deps: WorkerDeps, message: CommandMessage): Promise<void> {
  const { command_id, execution_id } = message.notice;
  const log = deps.log.child({ command_id, execution_id });
  const key = { execution_id, command_id };
  // Delivered twice, while it is being worked on: run twice, it would do more at once than it may.
  if (deps.leases.has(key)) {
    message.nak(RETRY_DELAY_MS);
    return;
  }
  const claimedAt = deps.clock();
  try {
    const claim = await claimCommand(deps.store, {
      execution_id,
      command_id,
      worker_id: deps.workerId,
      lease_ms: deps.leaseMs,
    });
    if (claim.kind === 'busy') {
      message.nak(claim.retry_ms);
      return;
    }
    if (claim.kind === 'gone') {
      log.debug('command is gone', { reason: claim.reason });
      message.ack();
      return;
    }
    const lease = deps.leases.hold(key, claimedAt, () => message.working());
    try {
      if (claim.command.lane === 'chunk') await handleChunk(deps, claim.command, claim, lease);
      else await handleStep(deps, claim.command, claim, lease);
    } finally {
      lease.release();
    }
    // A lease that ran out by itself leaves the command to whoever claims it next.
    if (lease.signal.aborted) message.nak(RETRY_DELAY_MS);
    else message.ack();
  } catch (error) {
    if (error instanceof Postponed) {
      const { after_ms } = error;
      await postponeCommand(deps.store, { ...key, worker_id: deps.workerId, after_ms });
      message.ack();
      return;
    }
    log.warn('command failed; it will be delivered again', { error });
    message.nak(RETRY_DELAY_MS);
  }
}

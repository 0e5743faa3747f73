/**
 * One message of the command queue: claim, run, finish, acknowledge. The message is acknowledged only after the
 * commit; whatever goes wrong before leaves the command to be delivered again.
 */
import type { CommandMessage } from '@noetl/bus';
import { claimCommand } from '@noetl/store';
import { handleChunk } from './handle-chunk.ts';
import { handleStep } from './handle-step.ts';
import type { WorkerDeps } from './worker-deps.ts';

const RETRY_DELAY_MS = 1_000;

export async function handleCommand(deps: WorkerDeps, message: CommandMessage): Promise<void> {
  const { command_id, execution_id } = message.notice;
  const log = deps.log.child({ command_id, execution_id });
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
    const lease = deps.leases.hold({ execution_id, command_id }, () => message.working());
    try {
      if (claim.command.lane === 'chunk') await handleChunk(deps, claim.command, claim, lease.signal);
      else await handleStep(deps, claim.command, claim, lease.signal);
    } finally {
      lease.release();
    }
    message.ack();
  } catch (error) {
    log.warn('command failed; it will be delivered again', { error });
    message.nak(RETRY_DELAY_MS);
  }
}

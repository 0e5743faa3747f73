/**
 * One message of the command queue: claim, run, finish, acknowledge. The message is acknowledged only after the
 * commit; whatever goes wrong before leaves the command to be delivered again.
 */
import type { CommandMessage } from '@noetl/bus';
import type { Command, CommandNotice } from '@noetl/protocol';
import type { Log } from '@noetl/service';
import {
  claimCommand,
  countFault,
  isPassing,
  postponeCommand,
  type Claim,
  type CommandKey,
} from '@noetl/store';
import { handleChunk } from './handle-chunk.ts';
import { giveUp } from './give-up.ts';
import { handleStep } from './handle-step.ts';
import { Postponed } from './line.ts';
import type { WorkerDeps } from './worker-deps.ts';

const RETRY_DELAY_MS = 1_000;
/** A command that could not be run or finished so often, for reasons of its own, is stored as failed. */
const FAULTS_MAX = 5;
/** A message whose chunk has to let another go first comes back after so long. */
const TURN_DELAY_MS = 20;

type Claimed = Extract<Claim, { kind: 'claimed' }>;

export async function handleCommand(deps: WorkerDeps, message: CommandMessage): Promise<void> {
  const before = await deps.turns.before(message.notice).catch(() => undefined);
  const giveBack = (): void => message.nak(TURN_DELAY_MS);
  if (before && (await takeUp(deps, withoutMessage(before), giveBack))) return;
  await takeUp(deps, message);
}

/** A command whose own message is still to come, and will find it done. */
function withoutMessage(notice: CommandNotice): CommandMessage {
  const nothing = (): void => undefined;
  return { notice, redelivered: false, working: nothing, ack: nothing, nak: nothing };
}

/** False when there is nothing to run. `onClaimed` is called before it runs. */
async function takeUp(deps: WorkerDeps, message: CommandMessage, onClaimed?: () => void): Promise<boolean> {
  const { command_id, execution_id, lane } = message.notice;
  let log = deps.log.child({ command_id, execution_id });
  const key = { execution_id, command_id };
  // Delivered twice, while it is being worked on: run twice, it would do more at once than it may.
  if (deps.leases.has(key)) {
    message.nak(RETRY_DELAY_MS);
    return false;
  }
  const claimedAt = deps.clock();
  let claimed: Claimed | undefined;
  try {
    const claim = await claimCommand(deps.store, {
      ...key,
      worker_id: deps.workerId,
      lease_ms: deps.leaseMs,
    });
    deps.record.claim(lane, claim.kind);
    if (claim.kind === 'busy') {
      message.nak(claim.retry_ms);
      return false;
    }
    if (claim.kind === 'gone') {
      log.debug('command is gone', { reason: claim.reason });
      message.ack();
      return false;
    }
    claimed = claim;
    log = log.child(placeOf(claim.command));
    onClaimed?.();
    await run(deps, message, claim, claimedAt);
  } catch (error) {
    if (error instanceof Postponed) await postpone(deps, message, key, error);
    else {
      log.warn('command failed; it will be delivered again', { error });
      const ended = claimed && (await countedOut(deps, claimed, error, log));
      deps.record.fault(lane, ended ? 'given_up' : 'again');
      if (ended) message.ack();
      else message.nak(RETRY_DELAY_MS);
    }
  }
  return claimed !== undefined;
}

/** What the log says of where in its execution a command stands. */
function placeOf(command: Command): object {
  const { step } = command;
  if (command.lane === 'step') return { step };
  const { loop_id, from_index, to_index } = command;
  return { step, loop_id, ...(from_index !== undefined && { from_index, to_index }) };
}

async function run(
  deps: WorkerDeps,
  message: CommandMessage,
  claim: Claimed,
  claimedAt: number,
): Promise<void> {
  const { command } = claim;
  const lease = deps.leases.hold(message.notice, claimedAt, () => message.working());
  const ended = command.lane === 'chunk' ? deps.turns.begin(command.execution_id) : undefined;
  deps.record.running(command.lane, 1);
  try {
    await deps.failpoint('worker.claimed');
    if (command.lane === 'chunk') await handleChunk(deps, command, claim, lease);
    else await handleStep(deps, command, claim, lease);
  } catch (error) {
    // What fails because the lease is lost says nothing about the command.
    if (!lease.signal.aborted || error instanceof Postponed) throw error;
  } finally {
    ended?.();
    lease.release();
    deps.record.running(command.lane, -1);
  }
  // A lease that ran out by itself leaves the command to whoever claims it next.
  if (lease.signal.aborted) message.nak(RETRY_DELAY_MS);
  else message.ack();
  await deps.failpoint('worker.acknowledged');
}

/** True when the command failed too often for reasons of its own, and is stored as failed. */
async function countedOut(
  deps: WorkerDeps,
  { command }: Claimed,
  error: unknown,
  log: Log,
): Promise<boolean> {
  if (isPassing(error)) return false;
  try {
    const { execution_id, command_id } = command;
    const faults = await countFault(deps.store, { execution_id, command_id, worker_id: deps.workerId });
    if (faults < FAULTS_MAX) return false;
    log.error('command failed too often; it is given up', { error, faults });
    await giveUp(deps, command, error);
    return true;
  } catch (failure) {
    log.error('command could not be given up', { error: failure });
    return false;
  }
}

async function postpone(
  { store, workerId }: WorkerDeps,
  message: CommandMessage,
  key: CommandKey,
  { after_ms }: Postponed,
): Promise<void> {
  await postponeCommand(store, { ...key, worker_id: workerId, after_ms });
  message.ack();
}

/**
 * The relay: finds what notices missed and sets it going again. Commands that nobody has claimed, or whose lease has
 * expired, are published once more; executions with facts that nobody has folded are advanced.
 */
import { commandsLoad, notifyAdvance, publishCommand } from '@noetl/bus';
import type { Id } from '@noetl/protocol';
import { every, type RoundRecorder, type Service } from '@noetl/service';
import {
  executionsToAdvance,
  expireLoop,
  expireStep,
  openWork,
  overdueExecutions,
  overdueLoops,
  overdueSteps,
  requestCancel,
  staleCommands,
  wakeOverdue,
} from '@noetl/store';
import { advance, publishWoken, type AdvanceDeps } from './advance.ts';

/** The last of the stream's room is for commands that are new. */
const FILL_MAX = 0.9;
/** Messages that may lie there whatever the number of commands. */
const MESSAGES_MIN = 1_000;
const UNCLAIMED_OLDER_THAN_MS = 5_000;
const UNFOLDED_OLDER_THAN_MS = 2_000;
const BATCH = 200;
/** A command sent again within this time is one message to the stream; later it is a new one. */
const RESEND_WINDOW_MS = 10_000;

export function relayServices(deps: AdvanceDeps, intervalMs: number, rounds: RoundRecorder): Service[] {
  const around = { log: deps.log, rounds };
  return [
    every('relay-commands', intervalMs, () => republish(deps), around),
    every('relay-waiting', intervalMs, () => wake(deps), around),
    every('relay-deadlines', intervalMs, () => expire(deps), around),
    every('relay-step-deadlines', intervalMs, () => expireSteps(deps), around),
    every('relay-executions', intervalMs, () => advanceForgotten(deps), around),
  ];
}

// Each returns how many it found.

async function republish(deps: AdvanceDeps): Promise<number> {
  if (await isFlooded(deps)) return 0;
  const stale = await staleCommands(deps.store, { older_than_ms: UNCLAIMED_OLDER_THAN_MS, limit: BATCH });
  const window = Math.floor(deps.nowMs() / RESEND_WINDOW_MS);
  for (const command of stale) {
    await publishCommand(deps.bus, command, { dedupe: `${command.command_id}:${command.attempt}:${window}` });
  }
  if (stale.length > 0) deps.log.info('published commands again', { count: stale.length });
  return stale.length;
}

/** Two messages for each command are enough: with nobody to take them, more of the same would only fill the stream. */
async function isFlooded({ bus, store }: AdvanceDeps): Promise<boolean> {
  const { messages, fill } = await commandsLoad(bus);
  if (fill >= FILL_MAX) return true;
  if (messages < MESSAGES_MIN) return false;
  const { commands } = await openWork(store, { executions: 0, commands: Math.ceil(messages / 2) });
  return messages > 2 * commands;
}

/** Commands that have waited for their child longer than they may. */
async function wake(deps: AdvanceDeps): Promise<number> {
  const woken = await wakeOverdue(deps.store, BATCH);
  await publishWoken(deps.bus, woken);
  if (woken.length > 0) deps.log.info('woke commands that waited too long', { count: woken.length });
  return woken.length;
}

async function advanceForgotten(deps: AdvanceDeps): Promise<number> {
  const waiting = await executionsToAdvance(deps.store, {
    older_than_ms: UNFOLDED_OLDER_THAN_MS,
    limit: BATCH,
  });
  for (const executionId of waiting) {
    deps.log.info('advancing an execution whose notice was lost', { execution_id: executionId });
    await advance(deps, executionId);
  }
  return waiting.length;
}

/** Steps and loops that did not end in time; what they wait for is not needed any more. */
async function expireSteps(deps: AdvanceDeps): Promise<number> {
  const { store, log } = deps;
  const steps = await overdueSteps(store, BATCH);
  for (const step of steps) {
    if (!(await expireStep(store, step, deps.nowMs()))) continue;
    const { execution_id, command_id } = step;
    log.info('a step did not end in time', { execution_id, command_id, step: step.step });
    await cancelUnneeded(deps, step.waits_for === null ? [] : [step.waits_for]);
    await advance(deps, execution_id);
  }
  const loops = await overdueLoops(store, BATCH);
  for (const loop of loops) {
    const expired = await expireLoop(store, loop);
    if (expired?.stopped === true) log.info('a loop did not end in time', { ...loop });
    await cancelUnneeded(deps, expired?.children ?? []);
  }
  return steps.length + loops.length;
}

async function cancelUnneeded(deps: AdvanceDeps, children: Id[]): Promise<void> {
  for (const child of children) {
    await requestCancel(deps.store, child, 'the step that waited for it did not end in time');
    notifyAdvance(deps.bus, child);
  }
}

/** Any number of replicas may try: the first one ends it, the others find it ended. */
async function expire(deps: AdvanceDeps): Promise<number> {
  const overdue = await overdueExecutions(deps.store, BATCH);
  for (const executionId of overdue) {
    deps.log.info('ending an execution that has run out of time', { execution_id: executionId });
    await advance(deps, executionId, { kind: 'expire' }).catch((error: unknown) =>
      deps.log.warn('an execution could not be ended in time', { execution_id: executionId, error }),
    );
  }
  return overdue.length;
}

/** Pause and resume, of executions and of loops. Asking for what is so already changes nothing. */
import type { Router } from 'express';
import { notifyAdvance, publishCommand } from '@noetl/bus';
import { NoetlError, type Id } from '@noetl/protocol';
import { openCommands, setPaused } from '@noetl/store';
import type { ApiDeps } from './deps.ts';
import { executionOf } from './executions.ts';

/** Commands published by the answer itself; the relay publishes the others within seconds. */
const PUBLISHED_MAX = 500;

export function pauseRoutes(router: Router, deps: ApiDeps): void {
  for (const paused of [true, false]) {
    const verb = paused ? 'pause' : 'resume';
    router.post(`/executions/:id/${verb}`, async (request, response) => {
      response.json(await pause(deps, request.params.id, paused));
    });
    router.post(`/executions/:id/loops/:step/${verb}`, async (request, response) => {
      response.json(await pause(deps, request.params.id, paused, request.params.step));
    });
  }
}

/** Throws EXECUTION_UNKNOWN, EXECUTION_ENDED, LOOP_UNKNOWN. */
export async function pause(deps: ApiDeps, id: string, paused: boolean, step?: string): Promise<object> {
  const { execution_id } = await executionOf(deps, id);
  const nowMs = deps.nowMs();
  const change = await setPaused(deps.store, {
    execution_id,
    paused,
    nowMs,
    ...(step !== undefined && { step }),
  });
  if (change === 'ended') throw new NoetlError('EXECUTION_ENDED', `execution ${execution_id} has ended`);
  if (change === 'unknown')
    throw new NoetlError('LOOP_UNKNOWN', `execution ${execution_id} has no running loop "${step ?? ''}"`);
  if (change === 'changed') {
    notifyAdvance(deps.bus, execution_id);
    if (!paused) await publishOpen(deps, execution_id, nowMs);
  }
  return { execution_id, ...(step !== undefined && { step }), paused, changed: change === 'changed' };
}

/** Their messages were acknowledged while they were paused; what fails here, the relay does later. */
async function publishOpen(deps: ApiDeps, executionId: Id, nowMs: number): Promise<void> {
  const open = await openCommands(deps.store, executionId, PUBLISHED_MAX);
  const sent = open.map((command) =>
    publishCommand(deps.bus, command, { dedupe: `${command.command_id}:resumed:${String(nowMs)}` }),
  );
  await Promise.all(sent).catch((error: unknown) =>
    deps.log.warn('the relay will publish what was resumed', { execution_id: executionId, error }),
  );
}

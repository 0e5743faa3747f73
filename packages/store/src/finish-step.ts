/** The end of a step command: one transaction under the execution's lock, fenced by the command's state. */
import { sql } from 'kysely';
import {
  errorInfo,
  idSource,
  NoetlError,
  type EngineEvent,
  type ErrorInfo,
  type Id,
  type Json,
  type JsonObject,
} from '@noetl/protocol';
import type { Store, Tx } from './database.ts';
import { appendEvents } from './event-log.ts';
import { lockExecution, raiseLastEvent } from './execution.ts';

export interface FinishedStep {
  execution_id: Id;
  command_id: Id;
  worker_id: string;
  outcome: StepOutcome;
  /** Unix time. */
  nowMs: number;
}

export type StepOutcome = {
  attempts: number;
  duration_s: number;
  stdout: string;
  /** Variables that the step's tasks wrote, as whole top-level entries. */
  ctx?: JsonObject;
} & ({ status: 'COMPLETED'; result_text: string } | { status: 'FAILED'; error: ErrorInfo });

/** `committed: false`: the command was finished by somebody else or cancelled; nothing of this outcome counts. */
export async function finishStep(store: Store, finished: FinishedStep): Promise<{ committed: boolean }> {
  try {
    return await store.db.transaction().execute((tx) => finishIn(tx, finished));
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (finished.outcome.status === 'FAILED' || typeof code !== 'string' || !/^(22|54)/.test(code))
      throw error;
    const refused = new NoetlError(
      'RESULT_NOT_STORABLE',
      `Postgres refuses the result: ${errorInfo(error).message}`,
    );
    const { attempts, duration_s } = finished.outcome;
    const outcome = { status: 'FAILED' as const, error: refused.toInfo(), attempts, duration_s, stdout: '' };
    return store.db.transaction().execute((tx) => finishIn(tx, { ...finished, outcome }));
  }
}

async function finishIn(tx: Tx, finished: FinishedStep): Promise<{ committed: boolean }> {
  const { execution_id, command_id, worker_id, outcome } = finished;
  const locked = await lockExecution(tx, execution_id);
  if (!locked) return { committed: false };
  const { rows } = await sql<{ step: string; attempt: number }>`
    UPDATE noetl.command SET state = 'done', done_at = now(), worker_id = ${worker_id}
    WHERE execution_id = ${execution_id} AND command_id = ${command_id} AND state IN ('pending', 'leased')
    RETURNING step, attempt`.execute(tx);
  const [fenced] = rows;
  if (!fenced) return { committed: false };
  const ids = idSource(locked.last_event_id, finished.nowMs);
  const events = facts(fenced.step, command_id, outcome, () => ids.next());
  await appendEvents(tx, { execution_id, catalog_id: locked.catalog_id }, events, {
    worker_id,
    attempt: fenced.attempt,
  });
  await raiseLastEvent(tx, execution_id, ids.last());
  return { committed: true };
}

function facts(step: string, command_id: Id, outcome: StepOutcome, next: () => Id): EngineEvent[] {
  const failed = outcome.status === 'FAILED';
  const meta: JsonObject = {
    attempts: outcome.attempts,
    ...(outcome.stdout !== '' && { stdout: outcome.stdout }),
  };
  const shared = { node_name: step, status: outcome.status, duration: outcome.duration_s, command_id };
  const message = failed ? { error: outcome.error.message } : {};
  const call = { event_id: next(), event_type: failed ? 'call.error' : 'call.done', result: null } as const;
  const events: EngineEvent[] = [{ ...call, ...shared, ...message, meta: { attempts: outcome.attempts } }];
  if (outcome.ctx) {
    const { ctx: result } = outcome;
    events.push({
      event_id: next(),
      event_type: 'ctx.updated',
      node_name: step,
      status: 'COMPLETED',
      result,
      command_id,
    });
  }
  const result: Json = failed
    ? ({
        status: 'error',
        error: outcome.error,
        context: { error: outcome.error.message },
      } as unknown as Json)
    : (JSON.parse(outcome.result_text) as Json);
  events.push({ event_id: next(), event_type: 'step.exit', result, ...shared, ...message, meta });
  return events;
}

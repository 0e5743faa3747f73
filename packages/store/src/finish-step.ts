/** The end of a step command: one transaction under the execution's lock, fenced by the command's state. */
import {
  clockId,
  errorInfo,
  NoetlError,
  type EngineEvent,
  type ErrorInfo,
  type Id,
  type JsonObject,
} from '@noetl/protocol';
import type { Store } from './database.ts';

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

/** One statement, one round trip. Lock, fence and ids as everywhere: $4 clock id, $5 events, $6 their number. */
const FINISH = `
  WITH locked AS (
    SELECT execution_id, catalog_id, last_event_id FROM noetl.execution WHERE execution_id = $1::bigint FOR NO KEY UPDATE
  ), fenced AS (
    UPDATE noetl.command AS c SET state = 'done', done_at = now(), worker_id = $3::text
    FROM locked AS l
    WHERE c.execution_id = l.execution_id AND c.command_id = $2::bigint AND c.state IN ('pending', 'leased', 'waiting')
    RETURNING c.step, c.attempt, l.catalog_id, greatest($4::bigint, l.last_event_id + 1) AS first_id
  ), appended AS (
    INSERT INTO noetl.event (execution_id, event_id, catalog_id, event_type, node_name, status, result, meta, error,
      duration, command_id, worker_id, attempt)
    SELECT $1::bigint, f.first_id + e.place - 1, f.catalog_id, e.event_type, f.step, e.status, e.result, e.meta, e.error,
      $7::float8, $2::bigint, $3::text, f.attempt
    FROM fenced AS f, ROWS FROM (
      json_to_recordset($5::json) AS (event_type text, status text, result jsonb, meta jsonb, error text)
    ) WITH ORDINALITY AS e (event_type, status, result, meta, error, place)
  )
  UPDATE noetl.execution AS x SET last_event_id = f.first_id + $6::int - 1, updated_at = now()
  FROM fenced AS f WHERE x.execution_id = $1::bigint`;

/** `committed: false`: the command was finished by somebody else or cancelled; nothing of this outcome counts. */
export async function finishStep(store: Store, finished: FinishedStep): Promise<{ committed: boolean }> {
  try {
    return await finish(store, finished);
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
    return finish(store, { ...finished, outcome });
  }
}

async function finish(store: Store, finished: FinishedStep): Promise<{ committed: boolean }> {
  const { execution_id, command_id, worker_id, outcome, nowMs } = finished;
  const events = facts(outcome);
  const { rowCount } = await store.pool.query({
    name: 'finish-step',
    text: FINISH,
    values: [
      execution_id,
      command_id,
      worker_id,
      clockId(nowMs).toString(),
      `[${events.join(',')}]`,
      events.length,
      outcome.duration_s,
    ],
  });
  return { committed: rowCount === 1 };
}

/** JSON texts of the events; the result is carried as the text it came as. */
function facts(outcome: StepOutcome): string[] {
  const { attempts, stdout, status } = outcome;
  const failed = status === 'FAILED';
  const fact = (event_type: EngineEvent['event_type'], more: JsonObject, result: string): string => {
    const head = JSON.stringify({ event_type, status, ...more });
    return `${head.slice(0, -1)},"result":${result}}`;
  };
  const message = failed ? { error: outcome.error.message } : {};
  const events = [fact(failed ? 'call.error' : 'call.done', { ...message, meta: { attempts } }, 'null')];
  if (outcome.ctx) {
    const head = JSON.stringify({ event_type: 'ctx.updated', status: 'COMPLETED' });
    events.push(`${head.slice(0, -1)},"result":${JSON.stringify(outcome.ctx)}}`);
  }
  const result = failed
    ? JSON.stringify({
        status: 'error',
        error: outcome.error,
        context: { error: outcome.error.message },
      })
    : outcome.result_text;
  const meta: JsonObject = { attempts, ...(stdout !== '' && { stdout }) };
  events.push(fact('step.exit', { ...message, meta }, result));
  return events;
}

/** Tools that do one thing per item: a function becomes a {@link Tool} with outcomes, durations and time-outs. */
import { errorInfo, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { fillHoles, hasHoles } from './runner/inputs.ts';
import type { Tool, ToolBatch, ToolEnvironment, ToolItem, ToolOutcome } from './tool.ts';

/** One piece of work; `signal` ends with the batch and with the item's time-out. */
export interface ToolCall {
  config: JsonObject;
  input: JsonObject;
  environment: ToolEnvironment;
  signal: AbortSignal;
  idempotency_key: string;
  attempt: number;
}

/** A failure that has a result besides: an HTTP answer with its status and body. */
export class FailedWith extends Error {
  readonly failure: NoetlError;
  readonly value: Json;

  constructor(failure: NoetlError, value: Json) {
    super(failure.message);
    this.name = 'FailedWith';
    this.failure = failure;
    this.value = value;
  }
}

export interface ItemTool {
  kind: string;
  schema: JsonObject;
  /** Seconds one item may take when the playbook says nothing. */
  timeout_s: number;
  run: (call: ToolCall) => Promise<Json>;
}

/** Above it timers fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** `timeout_seconds` of the configuration; what is no time counts as absent. */
function secondsIn(config: JsonObject): number | undefined {
  const seconds = Number(config['timeout_seconds'] ?? 0);
  return seconds > 0 ? seconds : undefined;
}

/** Milliseconds that one item of a batch may take; `timeoutS`: unless something else is said. */
export function timeoutOf(
  { environment, config }: Pick<ToolCall, 'environment' | 'config'>,
  timeoutS: number,
): number {
  return environment.timeout_ms ?? (secondsIn(config) ?? timeoutS) * 1000;
}

export function itemTool({ kind, schema, timeout_s, run }: ItemTool): Tool {
  return {
    kind,
    schema,
    async *run(batch) {
      for (const item of batch.items) {
        batch.environment.signal.throwIfAborted();
        const outcome = await outcomeOf(batch, item, run, timeout_s);
        yield outcome;
        if (outcome.status === 'error' && batch.stop_on_error === true) return;
      }
    },
  };
}

/** References filled in; what is too large for that is refused. */
async function opened(settings: JsonObject, { values }: ToolEnvironment): Promise<JsonObject> {
  if (!hasHoles(settings)) return settings;
  const { value, lazy } = await fillHoles(settings, values);
  if (lazy)
    throw new NoetlError('VALUE_TOO_LARGE', 'a list of more than 10,000 items or 16 MB is given to a tool');
  return value as JsonObject;
}

async function outcomeOf(
  { config, environment }: ToolBatch,
  { input, idempotency_key, attempt }: ToolItem,
  run: ItemTool['run'],
  timeoutS: number,
): Promise<ToolOutcome> {
  const limitMs = timeoutOf({ environment, config }, timeoutS);
  const timeout = AbortSignal.timeout(Math.min(TIMER_MAX_MS, Math.ceil(limitMs)));
  const signal = AbortSignal.any([environment.signal, timeout]);
  const startedAt = performance.now();
  const facts = () => ({ stdout: '', duration_ms: performance.now() - startedAt });
  try {
    const [whole, given] = await Promise.all([opened(config, environment), opened(input, environment)]);
    const value = await run({ config: whole, input: given, environment, signal, idempotency_key, attempt });
    return { status: 'ok', text: JSON.stringify(value), ...facts() };
  } catch (error) {
    environment.signal.throwIfAborted();
    if (timeout.aborted) {
      const late = new NoetlError('TOOL_TIMEOUT', `the tool took longer than ${String(limitMs / 1000)} s`, {
        kind: 'timeout',
      });
      return { status: 'error', error: late.toInfo(), ...facts() };
    }
    if (error instanceof FailedWith) {
      const text = JSON.stringify(error.value);
      return { status: 'error', error: error.failure.toInfo(), text, ...facts() };
    }
    return { status: 'error', error: errorInfo(error), ...facts() };
  }
}

/**
 * Runs the iterations of one chunk and gives the rows to store. Two ways: a single task without rules goes to its
 * tool as one stream of items (many a frame); everything else runs item by item. Stops at the chunk's budget; what
 * was not started is handed back.
 */
import { NeedsValue, type Task } from '@noetl/playbook';
import { errorInfo, type ErrorInfo, type Json, type JsonObject } from '@noetl/protocol';
import type { IterationRow } from '@noetl/store';
import type { Tool, ToolEnvironment, ToolItem, ToolOutcome, Toolbox } from '@noetl/tools';
import { CHUNK_BYTES_MAX, CHUNK_TIME_MAX_MS } from './chunk-budget.ts';
import { Frame, hasStaticConfig, renderConfig } from './frame.ts';
import { iterationLocals, type LoopContext } from './loop-context.ts';
import type { LoadedValues } from './loaded-values.ts';
import type { Redactor } from './secrets.ts';
import { runTasks, type ItemOutcome } from './tasks.ts';

/** Items that a tool may have pulled ahead of the outcome it gives next. */
const LOOKAHEAD = 1_000;

export interface Chunk {
  context: LoopContext;
  from: number;
  to: number;
  /** JSON text of the items `[from, to)`. */
  items: string[];
  /** Variables as the loop's earlier chunks left them, over the loop's frozen context. */
  ctx: JsonObject;
  environment: ToolEnvironment;
  redactor: Redactor;
  toolbox: Toolbox;
  values: LoadedValues;
  /** Monotonic milliseconds. */
  clock: () => number;
}

export interface ChunkResult {
  rows: IterationRow[];
  /** First index that was not started; `to` when all ran. */
  next: number;
  /** A failure that stops the loop. */
  stop: boolean;
  /** Variables that iterations wrote. */
  ctx: JsonObject;
  bytes: number;
  elapsed_ms: number;
}

export async function runChunk(chunk: Chunk): Promise<ChunkResult> {
  const run = new ChunkRun(chunk);
  const [task] = chunk.context.step.tasks;
  if (task && isStream(chunk, task)) await run.stream(task);
  else await run.each();
  return run.result();
}

/** One task whose outcome nobody looks at before the next item starts. */
function isStream({ context: { step } }: Chunk, task: Task): boolean {
  const plain = task.rules.length === 0 && Object.keys(task.set).length === 0;
  return step.tasks.length === 1 && plain && hasStaticConfig(task);
}

class ChunkRun {
  readonly #chunk: Chunk;
  readonly #startedAt: number;
  readonly #stopsOnError: boolean;
  readonly #rows: IterationRow[] = [];
  #next: number;
  #bytes = 0;
  #stop = false;
  #ctx: JsonObject = {};

  constructor(chunk: Chunk) {
    this.#chunk = chunk;
    this.#next = chunk.from;
    this.#startedAt = chunk.clock();
    this.#stopsOnError = chunk.context.loop.on_error === 'fail';
  }

  result(): ChunkResult {
    const elapsed_ms = this.#chunk.clock() - this.#startedAt;
    return {
      rows: this.#rows,
      next: this.#next,
      stop: this.#stop,
      ctx: this.#ctx,
      bytes: this.#bytes,
      elapsed_ms,
    };
  }

  async stream(task: Task): Promise<void> {
    const tool = this.#chunk.toolbox.get(task.kind);
    if (!tool) return this.each();
    while (this.#mayStart()) await this.#streamOnce(task, tool);
  }

  async each(): Promise<void> {
    const { context, environment, toolbox, values } = this.#chunk;
    while (this.#mayStart()) {
      const index = this.#next;
      this.#next += 1;
      const frame = this.#frame(index);
      const idempotencyKey = this.#key(index);
      const outcome = await runTasks(context.step, frame, { toolbox, values, environment, idempotencyKey });
      Object.assign(this.#ctx, frame.written);
      this.#store(index, outcome);
    }
  }

  /** Streams items until the budget ends, a failure stops the loop, or a template needs a stored value. */
  async #streamOnce(task: Task, tool: Tool): Promise<void> {
    const { context, environment, values } = this.#chunk;
    const config = await values.run(() => renderConfig(task, this.#frame(this.#next).scope()));
    const pending: number[] = [];
    const unrendered = new Map<number, ErrorInfo>();
    const missing: string[] = [];
    const items = this.#render(task, pending, unrendered, missing);
    const timeoutMs = Number(task.timeout ?? 0) * 1000;
    const batch = {
      config,
      items,
      lookahead: LOOKAHEAD,
      stop_on_error: this.#stopsOnError && context.loop.mode === 'sequential',
      environment: { ...environment, ...(timeoutMs > 0 && { timeout_ms: timeoutMs }) },
    };
    for await (const outcome of tool.run(batch)) {
      const index = pending.shift();
      if (index === undefined) break;
      this.#store(index, withAttempts(outcome));
    }
    // A batch that stopped at a failure never ran what was pulled after it.
    if (pending[0] !== undefined) this.#next = pending[0];
    for (const [index, error] of unrendered) {
      if (index < this.#next)
        this.#store(index, { status: 'error', error, stdout: '', attempts: 1, duration_ms: 0 });
    }
    if (missing.length > 0) await values.load(missing);
  }

  *#render(
    task: Task,
    pending: number[],
    unrendered: Map<number, ErrorInfo>,
    missing: string[],
  ): Generator<ToolItem> {
    const { step } = this.#chunk.context;
    while (this.#mayStart()) {
      const index = this.#next;
      try {
        const frame = this.#frame(index);
        const input = frame.input(step, task, frame.scope());
        this.#next += 1;
        pending.push(index);
        yield { input, idempotency_key: this.#key(index), attempt: 1 };
      } catch (error) {
        if (error instanceof NeedsValue) {
          missing.push(...error.refs);
          return;
        }
        this.#next = index + 1;
        unrendered.set(index, errorInfo(error));
        if (this.#stopsOnError) return;
      }
    }
  }

  #mayStart(): boolean {
    const { to, clock, environment } = this.#chunk;
    if (this.#next >= to || this.#stop || environment.signal.aborted) return false;
    if (this.#next === this.#chunk.from) return true;
    return clock() - this.#startedAt < CHUNK_TIME_MAX_MS && this.#bytes < CHUNK_BYTES_MAX;
  }

  #frame(index: number): Frame {
    const { context, items, from, ctx, values } = this.#chunk;
    const item = JSON.parse(items[index - from] as string) as Json;
    const vars = { ...context.loop.context.vars, ...ctx, ...this.#ctx };
    return new Frame({ ...context.loop.context, vars }, iterationLocals(context.loop, index, item), values);
  }

  #key(index: number): string {
    const { loop } = this.#chunk.context;
    return `${loop.execution_id}/${loop.step}/${loop.loop_id}/${index}`;
  }

  #store(index: number, outcome: ItemOutcome): void {
    const { redactor } = this.#chunk;
    const failed = outcome.status === 'error';
    const error = failed ? redactor.error(outcome.error) : undefined;
    const result_text = redactor.result(
      outcome.status === 'error' ? failureText(outcome.error) : outcome.text,
    );
    const stdout = redactor.result(outcome.stdout);
    const meta = { attempts: outcome.attempts, ...(stdout !== '' && { stdout }) };
    this.#rows.push({
      index,
      status: failed ? 'FAILED' : 'COMPLETED',
      result_text,
      item_text: this.#chunk.items[index - this.#chunk.from] as string,
      ...(error && { error: error.message }),
      duration_s: outcome.duration_ms / 1000,
      meta_text: JSON.stringify(meta),
    });
    this.#bytes += result_text.length;
    if (failed && this.#stopsOnError) this.#stop = true;
  }
}

function withAttempts(outcome: ToolOutcome): ItemOutcome {
  return { ...outcome, attempts: 1 };
}

/** The stored result of a failed iteration; also what `results[i]` gives under `on_error: continue`. */
export function failureText(error: ErrorInfo): string {
  return JSON.stringify({ status: 'error', error, context: { error: error.message } });
}

/**
 * Runs the iterations of one chunk and gives the rows to store. Two ways: a single task without rules goes to its
 * tool as one stream of items (many a frame); everything else runs item by item. Stops at the chunk's budget; what
 * was not started is handed back.
 */
import { NeedsValue, render, startsChild, type Case, type Task } from '@noetl/playbook';
import { errorInfo, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import type { IterationRow } from '@noetl/store';
import {
  limitKeys,
  type LineBatch,
  type OutcomeBlock,
  type TextSlice,
  type Tool,
  type ToolEnvironment,
  type ToolItem,
  type Toolbox,
} from '@noetl/tools';
import type { Careful } from './careful.ts';
import { hasBudget } from './chunk-budget.ts';
import { Frame, hasStaticConfig, renderConfig } from './frame.ts';
import type { ChunkGate } from './gate.ts';
import { inputPlan, type InputPlan } from './input-plan.ts';
import { Postponed } from './line.ts';
import { iterationLocals, stopsOnError, type LoopContext } from './loop-context.ts';
import type { LoadedValues } from './loaded-values.ts';
import type { Redactor } from './redactor.ts';
import { failureText } from './failed-row.ts';
import { Pending } from './pending.ts';
import { Suspended, type Progress } from './progress.ts';
import { runTasks, type Children, type ItemOutcome } from './tasks.ts';

/** Items that a tool may have pulled ahead of the outcome it gives next. */
const LOOKAHEAD = 1_000;

export interface Chunk {
  context: LoopContext;
  from: number;
  to: number;
  /** JSON text of the items `[from, to)`. */
  items: string[];
  /** Of a redrive, whose positions are not indexes: the index of each item. */
  indexes?: number[];
  /** Variables as the loop's earlier chunks left them, over the loop's frozen context. */
  ctx: JsonObject;
  environment: ToolEnvironment;
  redactor: Redactor;
  toolbox: Toolbox;
  values: LoadedValues;
  /** Names that templates see besides the context. */
  names: Record<string, unknown>;
  children: Children;
  gate: ChunkGate;
  /** Failed items of the loop before this chunk. */
  loop_failed: number;
  /** Monotonic milliseconds. */
  clock: () => number;
  /** Of a chunk whose worker vanished. */
  careful?: Careful;
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

/**
 * `progress`: of a chunk of one item that was suspended. Throws {@link Suspended} when it still has to wait,
 * {@link Postponed} when nothing could be done for want of a permit.
 */
export async function runChunk(chunk: Chunk, progress?: Progress): Promise<ChunkResult> {
  const run = new ChunkRun(chunk);
  const [task] = chunk.context.step.tasks;
  if (task && isStream(chunk, task)) await run.stream(task);
  else await run.each(progress);
  return run.result();
}

/** One task whose outcome nobody looks at before the next item starts. */
function isStream({ context: { step, loop }, gate, careful }: Chunk, task: Task): boolean {
  if (careful) return false;
  const plain =
    task.rules.length === 0 && Object.keys(task.set).length === 0 && step.cases.every(isForEngine);
  const alone = step.tasks.length === 1 && loop.concurrency === 1 && !startsChild(task.kind);
  if (!alone || !plain || !hasStaticConfig(task)) return false;
  return step.limit === undefined && gate.limited(limitKeys(task.kind, task.config)).length === 0;
}

/** Cases without an action that is taken item by item. */
function isForEngine({ then }: Case): boolean {
  return then.every((action) => action.do !== 'sink' && action.do !== 'retry' && action.do !== 'collect');
}

class ChunkRun {
  readonly #chunk: Chunk;
  readonly #startedAt: number;
  readonly #stopsOnError: boolean;
  readonly #rows: IterationRow[] = [];
  #next: number;
  #bytes = 0;
  #stop = false;
  #failed = 0;
  #ctx: JsonObject = {};

  constructor(chunk: Chunk) {
    this.#chunk = chunk;
    this.#next = chunk.from;
    this.#startedAt = chunk.clock();
    this.#stopsOnError = stopsOnError(chunk.context.loop);
  }

  result(): ChunkResult {
    const elapsed_ms = this.#chunk.clock() - this.#startedAt;
    return {
      rows: this.#rows,
      next: this.#next,
      stop: this.#stop,
      ctx: this.#chunk.redactor.vars(this.#ctx),
      bytes: this.#bytes,
      elapsed_ms,
    };
  }

  async stream(task: Task): Promise<void> {
    const tool = this.#chunk.toolbox.get(task.kind);
    if (!tool) return this.each();
    while (this.#mayStart()) await this.#streamOnce(task, tool);
  }

  /** Item by item, as many at once as the loop allows. */
  async each(progress?: Progress): Promise<void> {
    const { context, careful } = this.#chunk;
    const concurrency = careful ? 1 : context.loop.concurrency;
    const running = new Set<Promise<void>>();
    let thrown: { error: unknown } | undefined;
    while (this.#mayStart() && !thrown) {
      const index = this.#next;
      this.#next += 1;
      const work = this.#one(index, progress)
        .catch((error: unknown) => {
          thrown ??= { error };
        })
        .finally(() => running.delete(work));
      running.add(work);
      if (running.size >= concurrency) await Promise.race(running);
    }
    await Promise.all(running);
    if (thrown) throw thrown.error;
    const { putOff } = this.#chunk.gate;
    if (!putOff) return;
    this.#next = putOff.from;
    if (this.#rows.length === 0) throw new Postponed(putOff.after_ms);
  }

  async #one(index: number, progress?: Progress): Promise<void> {
    const { context, environment, toolbox, values, children, gate, from, to, careful } = this.#chunk;
    const blamed = await careful?.before(index, this.#indexAt(index));
    if (blamed) {
      this.#store(index, { status: 'error', error: blamed, stdout: '', attempts: 1, duration_ms: 0 });
      return;
    }
    const frame = this.#frame(index);
    const idempotencyKey = this.#key(index);
    const tasks = { toolbox, values, environment, idempotencyKey, children, gate: gate.of(index) };
    try {
      const outcome = await runTasks(context.step, frame, tasks, progress);
      Object.assign(this.#ctx, frame.written);
      this.#store(index, outcome);
    } catch (error) {
      if (error instanceof Postponed) return;
      if (error instanceof Suspended && to - from > 1)
        throw new NoetlError('INTERNAL', 'an item of a chunk with several wants to wait', { cause: error });
      throw error;
    }
  }

  /** Streams items until the budget ends, a failure stops the loop, or a template needs a stored value. */
  async #streamOnce(task: Task, tool: Tool): Promise<void> {
    const { context, environment, values } = this.#chunk;
    const config = await values.run(() => renderConfig(task, this.#frame(this.#next).scope()));
    const pending = new Pending();
    const timeoutMs = Number(task.timeout ?? 0) * 1000;
    const facts = {
      config,
      // A sequential loop that bears some failures must not have started what comes after one too many.
      lookahead: context.loop.mode === 'sequential' && !this.#stopsOnError ? 1 : LOOKAHEAD,
      stop_on_error: this.#stopsOnError && context.loop.mode === 'sequential',
      environment: { ...environment, ...(timeoutMs > 0 && { timeout_ms: timeoutMs }) },
    };
    const { iterator, context: start } = context.loop;
    const plan = tool.stream && inputPlan(context.step, task, iterator, start.args);
    const asTexts = plan && !this.#chunk.items.some((item) => item.includes('"_ref"'));
    // What cannot be rendered for all at once fails item by item, each with its error.
    const lines = asTexts ? await this.#lines(plan, pending).catch(() => undefined) : undefined;
    if (tool.stream && lines) {
      for await (const block of tool.stream({ ...facts, ...lines })) this.#storeBlock(block, pending);
    } else {
      for await (const outcome of tool.run({ ...facts, items: this.#render(task, pending) })) {
        const index = pending.take();
        if (index === undefined) break;
        this.#store(index, { ...outcome, attempts: 1 });
      }
    }
    this.#afterStream(pending);
    if (pending.missing.length > 0) await values.load(pending.missing);
  }

  #afterStream(pending: Pending): void {
    // A batch that stopped at a failure never ran what was pulled after it.
    this.#next = pending.take() ?? this.#next;
    for (const [index, error] of pending.unrendered) {
      if (index < this.#next)
        this.#store(index, { status: 'error', error, stdout: '', attempts: 1, duration_ms: 0 });
    }
  }

  /** Items as texts, with what is the same for all of them rendered once. */
  async #lines(plan: InputPlan, pending: Pending): Promise<Pick<LineBatch, 'shared' | 'item_name' | 'take'>> {
    const { context, values, items, from } = this.#chunk;
    const { args } = context.loop.context;
    const scope = this.#frame(this.#next).scope();
    const shared = await values.run(() => render(plan.shared, scope) as JsonObject);
    const [itemName, ...others] = plan.items;
    const isItem = itemName !== undefined && others.length === 0 && Object.keys(plan.varying).length === 0;
    const line = (index: number): string => {
      const item = items[index - from] as string;
      if (isItem) return item;
      const varying = JSON.stringify(render(plan.varying, this.#frame(index).scope()));
      const whole = plan.items.map((name) => `${JSON.stringify(name)}:${item}`);
      const parts = varying === '{}' ? whole : [varying.slice(1, -1), ...whole];
      return `{${parts.join(',')}}`;
    };
    const take = (count: number): string[] => {
      const lines: string[] = [];
      while (lines.length < count && this.#mayStart()) {
        const rendered = this.#attempt(pending, line);
        if (rendered === 'stop') break;
        if (rendered !== undefined) lines.push(rendered.value);
      }
      return lines;
    };
    return { shared: { ...shared, ...args }, item_name: isItem ? itemName : null, take };
  }

  *#render(task: Task, pending: Pending): Generator<ToolItem> {
    const { step } = this.#chunk.context;
    const input = (index: number): JsonObject => {
      const frame = this.#frame(index);
      return frame.input(step, task, frame.scope());
    };
    while (this.#mayStart()) {
      const index = this.#next;
      const rendered = this.#attempt(pending, input);
      if (rendered === 'stop') return;
      if (rendered !== undefined)
        yield { input: rendered.value, idempotency_key: this.#key(index), attempt: 1 };
    }
  }

  /** Renders the next item. Undefined when its templates failed; `stop` when nothing may follow for now. */
  #attempt<T>(pending: Pending, work: (index: number) => T): { value: T } | 'stop' | undefined {
    const index = this.#next;
    try {
      const value = work(index);
      this.#next = index + 1;
      pending.add(index);
      return { value };
    } catch (error) {
      if (error instanceof NeedsValue) {
        pending.missing.push(...error.refs);
        return 'stop';
      }
      this.#next = index + 1;
      pending.unrendered.set(index, errorInfo(error));
      return this.#stopsOnError ? 'stop' : undefined;
    }
  }

  #mayStart(): boolean {
    const { from, to, clock, gate } = this.#chunk;
    if (this.#next >= to || this.#stop || !gate.isOpen) return false;
    if (this.#next === from) return true;
    const elapsed_ms = clock() - this.#startedAt;
    return hasBudget({ items: this.#next - from, total: to - from, elapsed_ms, bytes: this.#bytes });
  }

  #frame(index: number): Frame {
    const { context, items, from, ctx, values, names } = this.#chunk;
    const item = JSON.parse(items[index - from] as string) as Json;
    const vars = { ...context.loop.context.vars, ...ctx, ...this.#ctx };
    const locals = { ...names, ...iterationLocals(context.loop, this.#indexAt(index), item) };
    return new Frame({ ...context.loop.context, vars }, locals, values);
  }

  #storeBlock({ lines, durations_ms, failures, prints }: OutcomeBlock, pending: Pending): void {
    const isPlain = failures.size === 0 && prints.size === 0 && this.#chunk.redactor.isIdle;
    for (const [place, duration_ms] of durations_ms.entries()) {
      const index = pending.take();
      if (index === undefined) return;
      if (isPlain) {
        this.#keep(index, lines.at(place), duration_ms);
        continue;
      }
      const facts = { stdout: prints.get(place) ?? '', attempts: 1, duration_ms };
      const failure = failures.get(place);
      if (failure) this.#store(index, { status: 'error', ...failure, ...facts });
      else this.#store(index, { status: 'ok', text: lines.text(place), ...facts });
    }
  }

  /** A result in which nothing has to be hidden and of which there is nothing else to tell: as the bytes that it came in. */
  #keep(index: number, result_text: TextSlice, duration_ms: number): void {
    this.#rows.push({
      index: this.#indexAt(index),
      status: 'COMPLETED',
      result_text,
      item_text: this.#itemAt(index),
      duration_s: duration_ms / 1000,
    });
    this.#bytes += result_text.to - result_text.from;
  }

  #itemAt(index: number): string {
    return this.#chunk.items[index - this.#chunk.from] as string;
  }

  #key(index: number): string {
    const { loop } = this.#chunk.context;
    return `${loop.execution_id}/${loop.step}/${loop.loop_id}/${this.#indexAt(index)}`;
  }

  /** The item's own index: the chunk's range is one of positions. */
  #indexAt(position: number): number {
    const { indexes, from } = this.#chunk;
    return indexes?.[position - from] ?? position;
  }

  #store(index: number, outcome: ItemOutcome): void {
    const { redactor } = this.#chunk;
    const failed = outcome.status === 'error';
    const error = failed ? redactor.error(outcome.error) : undefined;
    const result_text =
      outcome.status === 'ok' ? redactor.result(outcome.text) : failureText(error ?? outcome.error);
    const stdout = redactor.prints(outcome.stdout);
    const { attempts, duration_ms } = outcome;
    const plain = attempts === 1 && stdout === '';
    this.#rows.push({
      index: this.#indexAt(index),
      status: failed ? 'FAILED' : 'COMPLETED',
      result_text,
      item_text: this.#itemAt(index),
      ...(error && { error: error.message }),
      duration_s: duration_ms / 1000,
      ...(!plain && { meta_text: JSON.stringify({ attempts, ...(stdout !== '' && { stdout }) }) }),
    });
    this.#bytes += result_text.length;
    if (failed) this.#failed += 1;
    if (failed && (this.#stopsOnError || this.#exceedsTolerance())) this.#stop = true;
  }

  /** Of a sequential loop, whose failures before this chunk are known; others are judged when they are counted. */
  #exceedsTolerance(): boolean {
    const { loop_failed, context } = this.#chunk;
    const { mode, tolerated_count, tolerated_percent, size } = context.loop;
    if (mode !== 'sequential') return false;
    const failed = loop_failed + this.#failed;
    const byCount = tolerated_count !== null && failed > tolerated_count;
    return byCount || (tolerated_percent !== null && failed > (size * tolerated_percent) / 100);
  }
}

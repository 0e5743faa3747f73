/**
 * Runs one batch on a runner: many items a frame, two frames in flight, outcomes in order. A runner that dies or takes
 * too long costs the one item it was on; the others go on in a new one.
 */
import { errorInfo, NoetlError, type JsonObject } from '@noetl/protocol';
import type { LineBatch, OutcomeBlock } from '../tool.ts';
import { fillHoles, hasHoles } from './inputs.ts';
import { RunnerLists } from './lists.ts';
import { allFailed, outcomesOf } from './outcomes.ts';
import type { RunnerEnd, RunnerPool } from './pool.ts';
import type { RunnerEvent, RunnerProcess } from './process.ts';
import { asPage, asRead, asReported, ForgedFrame } from './said.ts';

const FRAME_GOAL_MS = 50;
const FRAME_ITEMS_MAX = 1_000;
const FRAME_BYTES_MAX = 1024 * 1024;
const FRAMES_IN_FLIGHT = 2;
/** Time on top of an item's own limit: for the way there and back. */
const TIMEOUT_SLACK_MS = 500;

/** The step's code and what it sees besides its inputs. */
export interface Program {
  code: string;
  libs: JsonObject;
  names: JsonObject;
  /** JSON text, when the code asks for it. */
  context: string | null;
}

let batches = 0;

export class BatchRun {
  readonly #pool: RunnerPool;
  readonly #batch: LineBatch;
  readonly #program: Program;
  readonly #id: number;
  /** Items sent and not answered, in order; and those to send next. */
  #sent: string[] = [];
  #ready: string[] = [];
  #frames = 0;
  #drained = false;
  #stopped = false;
  /** Means of the last outcomes; nothing is known of the first items. */
  #itemMs = FRAME_GOAL_MS;
  #itemBytes = FRAME_BYTES_MAX;
  /** After a crash nobody knows which item it was: they go one by one until it shows. */
  #single = false;
  /** Why the runner at hand is not used again. */
  #end: RunnerEnd | undefined;
  readonly #lists: RunnerLists;
  /** Stored lists that the runner has asked for; and what it was given once for all items. */
  readonly #refs = new Set<string>();
  #givenToAll = '';

  constructor(pool: RunnerPool, batch: LineBatch, program: Program) {
    this.#pool = pool;
    this.#batch = batch;
    this.#program = program;
    this.#lists = new RunnerLists(batch.environment.values);
    batches += 1;
    this.#id = batches;
  }

  async *run(): AsyncGenerator<OutcomeBlock> {
    while (!this.#stopped) {
      await this.#pull(1);
      if (this.#ready.length === 0) return;
      const runner = await this.#pool.acquire(this.#batch.environment.context.path);
      try {
        yield* this.#runOn(runner);
      } finally {
        this.#pool.release(runner, this.#end);
        this.#frames = 0;
      }
    }
  }

  /** Until everything is done, or this runner is. */
  async *#runOn(runner: RunnerProcess): AsyncGenerator<OutcomeBlock> {
    // Until the run is over: who stops listening leaves frames in flight.
    this.#end = 'abandoned';
    let opening: object | undefined = await this.#opening();
    for (;;) {
      opening = await this.#send(runner, opening);
      if (this.#frames === 0) {
        this.#end = undefined;
        return;
      }
      const event = await this.#await(runner);
      this.#batch.environment.signal.throwIfAborted();
      if (event.kind === 'exit') this.#end = event.started ? 'crash' : 'unavailable';
      if (event.kind === 'timeout') this.#end = 'timeout';
      if (event.kind === 'exit' && !event.started) {
        yield* this.#unavailable(event.reason);
        return;
      }
      if (event.kind !== 'frame') {
        const blamed = this.#blame(event);
        if (blamed) yield blamed;
        return;
      }
      let block: OutcomeBlock | undefined;
      try {
        block = await this.#hear(runner, event.frame.header, event.frame.body);
      } catch (error) {
        if (!(error instanceof ForgedFrame)) throw error;
        this.#end = 'crash';
        const blamed = this.#blame({ kind: 'exit', reason: error.message, punished: true });
        if (blamed) yield blamed;
        return;
      }
      if (block) yield block;
    }
  }

  /** What the first frame to a runner carries besides its items. */
  async #opening(): Promise<object> {
    const { shared, item_name, environment, stop_on_error } = this.#batch;
    const given = hasHoles(shared) ? (await fillHoles(shared, environment.values)).value : shared;
    const text = JSON.stringify(given);
    this.#givenToAll = text + (this.#program.context ?? '');
    return {
      ...this.#program,
      shared: text,
      item_name,
      stream: environment.stream === true,
      stop_on_error: stop_on_error === true,
    };
  }

  /** Keeps frames in flight while there are items and room; returns the opening when it has not gone out yet. */
  async #send(runner: RunnerProcess, opening: object | undefined): Promise<object | undefined> {
    let first = opening;
    while (this.#frames < FRAMES_IN_FLIGHT && !this.#stopped) {
      const room = this.#batch.lookahead - this.#sent.length;
      if (room <= 0 || (this.#single && this.#sent.length > 0)) break;
      const byTime = Math.min(FRAME_ITEMS_MAX, FRAME_GOAL_MS / this.#itemMs);
      const goal = Math.max(1, Math.floor(Math.min(byTime, FRAME_BYTES_MAX / this.#itemBytes)));
      const count = this.#single ? 1 : Math.min(room, goal);
      await this.#pull(count);
      if (this.#ready.length === 0) break;
      this.#sendFrame(runner, this.#ready.splice(0, count), first);
      first = undefined;
    }
    return first;
  }

  #sendFrame(runner: RunnerProcess, lines: string[], opening: object | undefined): void {
    const body = lines.join(',\n');
    this.#itemBytes = Math.max(1, body.length / lines.length);
    const each = this.#batch.environment.timeout_ms !== undefined || lines.length === 1;
    runner.send({ op: 'run', batch: this.#id, each, ...opening }, body);
    for (const line of lines) this.#sent.push(line);
    this.#frames += 1;
  }

  /** Takes items from the caller until `count` wait to be sent. */
  async #pull(count: number): Promise<void> {
    if (this.#drained || this.#ready.length >= count) return;
    const taken = await this.#batch.take(count - this.#ready.length);
    if (taken.length === 0) this.#drained = true;
    this.#ready.push(...taken);
  }

  async #await(runner: RunnerProcess): Promise<RunnerEvent | { kind: 'timeout' }> {
    const { signal, timeout_ms } = this.#batch.environment;
    const abort = (): void => runner.kill();
    signal.addEventListener('abort', abort, { once: true });
    let timer: NodeJS.Timeout | undefined;
    try {
      if (signal.aborted) runner.kill();
      const event = runner.next();
      if (timeout_ms === undefined) return await event;
      // Coming up takes as long as the machine is busy; it is not the item's time.
      await runner.ready;
      const late = new Promise<{ kind: 'timeout' }>((resolve) => {
        timer = setTimeout(() => resolve({ kind: 'timeout' }), timeout_ms + TIMEOUT_SLACK_MS);
      });
      return await Promise.race([event, late]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Outcomes, or a question of the runner, which is answered. */
  async #hear(
    runner: RunnerProcess,
    header: Record<string, unknown>,
    body: Buffer,
  ): Promise<OutcomeBlock | undefined> {
    switch (header['op']) {
      case 'out':
        // Before the outcomes: whoever stops listening after the last one leaves a runner with nothing in flight.
        if (header['end'] === true) this.#frames -= 1;
        if (this.#frames < 0) throw new ForgedFrame('more ends than frames');
        return this.#outcomes(runner, header, body);
      case 'read': {
        const { ref, from, to } = asRead(header);
        if (!this.#given(ref)) throw new ForgedFrame('it asked for a list that it was not given');
        runner.send({ op: 'answer' }, `[${(await this.#lists.read(ref, from, to)).join(',')}]`);
        return undefined;
      }
      case 'list_open':
        this.#lists.open();
        runner.send({ op: 'answer' });
        return undefined;
      case 'list_page':
        await this.#lists.write(...asPage(header, body));
        runner.send({ op: 'answer' });
        return undefined;
      case 'list_close':
        runner.send({ op: 'answer', hole: await this.#lists.close() });
        return undefined;
      default:
        throw new ForgedFrame('it said what no runner says');
    }
  }

  /** Whether a reference is one of those that the runner holds. */
  #given(ref: string): boolean {
    if (this.#refs.has(ref)) return true;
    const told = JSON.stringify(ref);
    const isGiven = this.#givenToAll.includes(told) || this.#sent.some((line) => line.includes(told));
    if (isGiven) this.#refs.add(ref);
    return isGiven;
  }

  #outcomes(runner: RunnerProcess, header: Record<string, unknown>, body: Buffer): OutcomeBlock | undefined {
    const reported = asReported(header, this.#sent.length);
    const block = outcomesOf(reported, body, this.#batch.environment.error_status === true);
    const count = block.durations_ms.length;
    if (count === 0) return undefined;
    runner.progress += 1;
    this.#sent.splice(0, count);
    this.#single = false;
    this.#itemMs = Math.max(0.001, block.durations_ms.reduce((sum, ms) => sum + ms, 0) / count);
    if (this.#batch.stop_on_error !== true || block.failures.size === 0) return block;
    this.#stopped = true;
    return upToFirstFailure(block);
  }

  /** No runner of this language can be started: every item fails, and none is tried again. */
  async *#unavailable(reason: string): AsyncGenerator<OutcomeBlock> {
    const error = new NoetlError('TOOL_UNAVAILABLE', `the code runner does not start: ${reason}`);
    let waiting = this.#sent.length + this.#ready.length;
    while (waiting > 0 && !this.#stopped) {
      this.#stopped = this.#batch.stop_on_error === true;
      yield allFailed(errorInfo(error), this.#stopped ? 1 : waiting);
      waiting = (await this.#batch.take(FRAME_ITEMS_MAX)).length;
    }
    this.#stopped = true;
  }

  /** The runner is gone or stuck. One item in flight is the culprit; of several, each is tried alone. */
  #blame(
    event: { kind: 'exit'; reason: string; punished: boolean } | { kind: 'timeout' },
  ): OutcomeBlock | undefined {
    const [culprit, ...others] = this.#sent;
    const timedOut = event.kind === 'timeout';
    this.#sent = [];
    if (culprit === undefined || (!timedOut && others.length > 0)) {
      this.#ready = [...(culprit === undefined ? [] : [culprit]), ...others, ...this.#ready];
      this.#single = true;
      return undefined;
    }
    this.#ready = [...others, ...this.#ready];
    if (this.#batch.stop_on_error === true) this.#stopped = true;
    const ms = this.#batch.environment.timeout_ms ?? 0;
    const error = timedOut
      ? new NoetlError('TOOL_TIMEOUT', `the code took longer than its timeout of ${String(ms / 1000)} s`, {
          kind: 'timeout',
        })
      : new NoetlError(
          'RUNNER_CRASHED',
          event.punished
            ? `the code was ended: ${event.reason}`
            : `the code ended its process (${event.reason})`,
        );
    return allFailed(error.toInfo(), 1, ms);
  }
}

/** Nothing follows the failure that stops a batch. */
function upToFirstFailure(block: OutcomeBlock): OutcomeBlock {
  const first = Math.min(...block.failures.keys());
  return { ...block, durations_ms: block.durations_ms.slice(0, first + 1) };
}

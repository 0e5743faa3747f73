/**
 * Runs one batch on a runner: many items a frame, two frames in flight, outcomes in order. A runner that dies or takes
 * too long costs the one item it was on; the others go on in a new one.
 */
import { jsonText, NoetlError, type ErrorCode, type ErrorInfo, type JsonObject } from '@noetl/protocol';
import type { ListWriter, ToolBatch, ToolItem, ToolOutcome } from '../tool.ts';
import { fillHoles, hasHoles } from './inputs.ts';
import type { RunnerPool } from './pool.ts';
import type { RunnerEvent, RunnerProcess } from './process.ts';

const FRAME_GOAL_MS = 50;
const FRAME_ITEMS_MAX = 500;
const FRAME_BYTES_MAX = 1024 * 1024;
const FRAMES_IN_FLIGHT = 2;
/** Time on top of an item's own limit: for start-up and the way there and back. */
const TIMEOUT_SLACK_MS = 500;

/** What every frame of a batch carries besides its items. */
export interface Program {
  code: string;
  libs?: JsonObject;
  names: JsonObject;
  /** JSON text, when the code asks for it. */
  context: string | null;
}

interface Reported {
  s: 'ok' | 'error';
  n: number;
  o: string;
  ms: number;
}

let batches = 0;

export class BatchRun {
  readonly #pool: RunnerPool;
  readonly #batch: ToolBatch;
  readonly #program: Program;
  readonly #source: Iterator<ToolItem>;
  readonly #id: number;
  /** Items sent and not answered, in order; and those to send again after a crash. */
  #sent: ToolItem[] = [];
  #again: ToolItem[] = [];
  #frames = 0;
  #drained = false;
  #stopped = false;
  #itemMs = FRAME_GOAL_MS;
  /** After a crash nobody knows which item it was: they go one by one until it shows. */
  #single = false;
  #writer: ListWriter | undefined;

  constructor(pool: RunnerPool, batch: ToolBatch, program: Program) {
    this.#pool = pool;
    this.#batch = batch;
    this.#program = program;
    this.#source = batch.items[Symbol.iterator]();
    batches += 1;
    this.#id = batches;
  }

  async *run(): AsyncGenerator<ToolOutcome> {
    while (!this.#stopped) {
      this.#pull();
      if (this.#again.length === 0) return;
      const runner = await this.#pool.acquire();
      let reusable = false;
      try {
        yield* this.#runOn(runner);
        reusable = this.#frames === 0 && runner.alive;
      } finally {
        this.#pool.release(runner, reusable);
        this.#frames = 0;
      }
    }
  }

  /** Until everything is done, or this runner is. */
  async *#runOn(runner: RunnerProcess): AsyncGenerator<ToolOutcome> {
    for (;;) {
      await this.#send(runner);
      if (this.#frames === 0) return;
      const event = await this.#await(runner);
      this.#batch.environment.signal.throwIfAborted();
      if (event.kind === 'exit' && !event.started) {
        yield* this.#unavailable(event.reason);
        return;
      }
      if (event.kind !== 'frame') {
        const blamed = this.#blame(event);
        if (blamed) yield blamed;
        return;
      }
      yield* this.#hear(runner, event.frame.header, event.frame.body);
    }
  }

  /** Keeps frames in flight while there are items and room. */
  async #send(runner: RunnerProcess): Promise<void> {
    while (this.#frames < FRAMES_IN_FLIGHT && !this.#stopped) {
      const room = this.#batch.lookahead - this.#sent.length;
      if (room <= 0 || (this.#single && this.#sent.length > 0)) return;
      const goal = Math.max(1, Math.min(FRAME_ITEMS_MAX, Math.floor(FRAME_GOAL_MS / this.#itemMs)));
      this.#pull(this.#single ? 1 : Math.min(room, goal));
      if (this.#again.length === 0) return;
      await this.#sendFrame(runner, this.#single ? this.#again.splice(0, 1) : this.#again.splice(0, room));
    }
  }

  async #sendFrame(runner: RunnerProcess, items: ToolItem[]): Promise<void> {
    const { environment, stop_on_error } = this.#batch;
    let inputs: unknown[] = items.map((item) => item.input);
    let holes = false;
    if (items.some((item) => hasHoles(item.input))) {
      const filled = await Promise.all(items.map((item) => fillHoles(item.input, environment.values)));
      inputs = filled.map((item) => item.value);
      holes = filled.some((item) => item.lazy);
    }
    runner.send({
      op: 'run',
      batch: this.#id,
      ...this.#program,
      items: inputs,
      holes: holes || this.#program.context !== null,
      stream: environment.stream === true,
      stop_on_error: stop_on_error === true,
      each: environment.timeout_ms !== undefined || items.length === 1,
    });
    this.#sent.push(...items);
    this.#frames += 1;
  }

  /** Takes items from the caller until `count` wait to be sent. */
  #pull(count = 1): void {
    let bytes = 0;
    while (!this.#drained && this.#again.length < count && bytes < FRAME_BYTES_MAX) {
      const next = this.#source.next();
      if (next.done === true) {
        this.#drained = true;
      } else {
        this.#again.push(next.value);
        bytes += roughSize(next.value.input);
      }
    }
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
      const late = new Promise<{ kind: 'timeout' }>((resolve) => {
        timer = setTimeout(() => resolve({ kind: 'timeout' }), timeout_ms + TIMEOUT_SLACK_MS);
      });
      return await Promise.race([event, late]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  async *#hear(
    runner: RunnerProcess,
    header: Record<string, unknown>,
    body: Buffer,
  ): AsyncGenerator<ToolOutcome> {
    const { values } = this.#batch.environment;
    switch (header['op']) {
      case 'out':
        // Before the outcomes: whoever stops listening after the last one leaves a runner with nothing in flight.
        if (header['end'] === true) this.#frames -= 1;
        yield* this.#outcomes(header['items'] as Reported[], body);
        return;
      case 'read': {
        const items = await values.list(
          header['ref'] as string,
          header['from'] as number,
          header['to'] as number,
        );
        runner.send({ op: 'answer' }, `[${items.join(',')}]`);
        return;
      }
      case 'list_open':
        this.#writer = values.newList();
        {
          runner.send({ op: 'answer' });
          return;
        }
      case 'list_page':
        await this.#writer?.page(body.toString(), header['count'] as number);
        {
          runner.send({ op: 'answer' });
          return;
        }
      default: {
        runner.send({ op: 'answer', hole: await this.#writer?.end() });
        return;
      }
    }
  }

  *#outcomes(reported: Reported[], body: Buffer): Generator<ToolOutcome> {
    let offset = 0;
    for (const { s, n, o, ms } of reported) {
      const text = body.toString('utf8', offset, offset + n);
      offset += n;
      this.#sent.shift();
      this.#single = false;
      this.#itemMs = Math.max(0.01, this.#itemMs * 0.7 + ms * 0.3);
      const outcome = outcomeOf(s, text, o, ms, this.#batch.environment.error_status === true);
      if (outcome.status === 'error' && this.#batch.stop_on_error === true) this.#stopped = true;
      yield outcome;
      if (this.#stopped) return;
    }
  }

  /** No runner of this language can be started: every item fails, and none is tried again. */
  *#unavailable(reason: string): Generator<ToolOutcome> {
    const error = new NoetlError('TOOL_UNAVAILABLE', `the code runner does not start: ${reason}`).toInfo();
    const waiting = [...this.#sent, ...this.#again];
    for (let count = waiting.length; count > 0 && !this.#stopped; count -= 1) {
      if (this.#batch.stop_on_error === true) this.#stopped = true;
      yield { status: 'error', error, stdout: '', duration_ms: 0 };
    }
    while (!this.#stopped && this.#source.next().done !== true)
      yield { status: 'error', error, stdout: '', duration_ms: 0 };
    this.#stopped = true;
  }

  /** The runner is gone or stuck. One item in flight is the culprit; of several, each is tried alone. */
  #blame(event: { kind: 'exit'; reason: string } | { kind: 'timeout' }): ToolOutcome | undefined {
    const [culprit, ...others] = this.#sent;
    const timedOut = event.kind === 'timeout';
    this.#sent = [];
    if (!culprit || (!timedOut && others.length > 0)) {
      this.#again = [...(culprit ? [culprit] : []), ...others, ...this.#again];
      this.#single = true;
      return undefined;
    }
    this.#again = [...others, ...this.#again];
    if (this.#batch.stop_on_error === true) this.#stopped = true;
    const seconds = (this.#batch.environment.timeout_ms ?? 0) / 1000;
    const error = timedOut
      ? new NoetlError('TOOL_TIMEOUT', `the code took longer than its timeout of ${String(seconds)} s`, {
          kind: 'timeout',
        })
      : new NoetlError('RUNNER_CRASHED', `the code ended its process (${event.reason})`);
    return {
      status: 'error',
      error: error.toInfo(),
      stdout: '',
      duration_ms: this.#batch.environment.timeout_ms ?? 0,
    };
  }
}

function outcomeOf(
  s: Reported['s'],
  text: string,
  stdout: string,
  duration_ms: number,
  errorStatus: boolean,
): ToolOutcome {
  if (s === 'error') return { status: 'error', error: codeError(text), stdout, duration_ms };
  if (errorStatus && text.includes('"status":"error"')) {
    const value = JSON.parse(text) as { status?: unknown; message?: unknown; error?: unknown };
    if (value.status === 'error') {
      const message = jsonText(value.error ?? value.message ?? 'the step returned status "error"');
      return {
        status: 'error',
        error: new NoetlError('TOOL_FAILED', message).toInfo(),
        text,
        stdout,
        duration_ms,
      };
    }
  }
  return { status: 'ok', text, stdout, duration_ms };
}

function codeError(text: string): ErrorInfo {
  const said = JSON.parse(text) as {
    code: ErrorCode;
    message: string;
    line?: number;
    type?: string;
    traceback?: string;
  };
  const details: JsonObject = {
    ...(said.type !== undefined && { exception_type: said.type }),
    ...(typeof said.line === 'number' && { line: said.line }),
    ...(said.traceback !== undefined && { traceback: said.traceback }),
  };
  return new NoetlError(said.code, said.message, { details }).toInfo();
}

/** Cheap guess of an input's JSON size: texts dominate. */
function roughSize(value: unknown, depth = 0): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null || depth > 3) return 8;
  let size = 8;
  for (const item of Object.values(value)) size += roughSize(item, depth + 1);
  return size;
}

/** A worker: `handle-command.ts`, `handle-chunk.ts` and `handle-step.ts`, with items that take virtual time. */
import { hasBudget, nextChunkSize } from '@noetl/worker/chunk-budget';
import { NoetlError, windowOf, type CommandNotice, type FailureResult } from '@noetl/protocol';
import type { Bus } from '../bus/bus.ts';
import type { Delivery } from '../bus/queue.ts';
import type { Mutation } from '../mutation.ts';
import { claimCommand, writeCursor, type Claim } from '../store/commands.ts';
import type { Database } from '../store/database.ts';
import { exceeds, finishChunk, finishStep, type ChunkCommit } from '../store/finish.ts';
import { getLoop, loopOf } from '../store/loops.ts';
import { commandKey, type CommandRow, type IterationRow, type LoopRow } from '../store/rows.ts';
import { isPassing, Unavailable, type Process, type Work } from '../world.ts';
import { Leases, LEASE_MS, type Lease } from './leases.ts';

const RETRY_DELAY_MS = 1_000;
const SLOTS = 2;
/** A step during which so many workers vanished does not run again. */
const STEP_DEATHS_MAX = 5;
/** An item at which so many workers vanished does not run again. */
const ITEM_DEATHS_MAX = 2;
const ITEM_BYTES = 100;

export interface WorkerDeps {
  db: Database;
  bus: Bus;
  poolSlots: number;
  mutation: Mutation | undefined;
  /** How long an item or a step takes, in milliseconds, and whether it fails. */
  work: {
    duration: () => number;
    itemFails: (loop: LoopRow, index: number) => boolean;
    stepFails: (command: CommandRow, visit: number) => boolean;
    /** The `n` of a step's result: which of its visits this is. */
    visit: (command: CommandRow) => number;
  };
  /** A step or an item has failed because too many workers vanished with it. */
  onGivenUp: () => void;
  onItem: (what: 'starts' | 'ends', process: Process, command: CommandRow, index: number) => void;
}

interface Ran {
  rows: IterationRow[];
  next: number;
  stop: boolean;
  elapsed_ms: number;
}

export class Worker {
  readonly #process: Process;
  readonly #deps: WorkerDeps;
  readonly #leases: Leases;

  constructor(process: Process, deps: WorkerDeps) {
    this.#process = process;
    this.#deps = deps;
    this.#leases = new Leases(process, deps.db);
    for (const queue of [deps.bus.step, deps.bus.chunk]) {
      queue.subscribe(process, SLOTS, (delivery, done) => process.spawn(this.#handle(delivery, done)));
    }
  }

  *#handle(message: Delivery<CommandNotice>, done: () => void): Work {
    try {
      yield* this.#takeUp(message);
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.#process.note(`command ${message.notice.command_id} failed: ${error.message}`);
      message.nak(RETRY_DELAY_MS);
    }
    done();
  }

  *#takeUp(message: Delivery<CommandNotice>): Work {
    const { db, mutation } = this.#deps;
    const { notice } = message;
    const key = commandKey(notice.execution_id, notice.command_id);
    // Delivered twice, while it is being worked on: run twice, it would do more at once than it may.
    if (this.#leases.has(key)) {
      message.nak(RETRY_DELAY_MS);
      return;
    }
    const claimedAt = db.world.now;
    const claim = yield* claimCommand(db, this.#process, notice, LEASE_MS);
    if (claim.kind === 'busy') {
      message.nak(claim.retry_ms);
      return;
    }
    if (claim.kind === 'gone') {
      this.#process.note(`command ${notice.command_id} is gone: ${claim.reason}`);
      message.ack();
      return;
    }
    const { command } = claim;
    this.#process.note(`claims ${nameOf(command)}`);
    if (mutation === 'ack-first') message.ack();
    const lease = this.#leases.hold(key, claimedAt, () => message.working());
    try {
      if (command.lane === 'chunk') yield* this.#chunk(claim, lease);
      else yield* this.#step(command, lease);
    } catch (error) {
      if (!isPassing(error) || !lease.lost) throw error;
    } finally {
      this.#leases.release(lease);
    }
    if (lease.lost) message.nak(RETRY_DELAY_MS);
    else message.ack();
  }

  *#chunk({ command, loop_failed }: Extract<Claim, { kind: 'claimed' }>, lease: Lease): Work {
    const { db, mutation, poolSlots } = this.#deps;
    const { execution_id, command_id, loop_id } = command;
    const loop = loop_id === null ? undefined : yield* getLoop(db, this.#process, { execution_id, loop_id });
    if (!loop) return;
    const ran = yield* this.#items(command, loop, loop_failed, lease);
    if (lease.lost) return;
    const { rows, next, stop } = ran;
    const chunk_size = nextChunkSize({
      items: rows.length,
      bytes: rows.length * ITEM_BYTES,
      elapsed_ms: ran.elapsed_ms,
    });
    const remaining: [number, number][] = next < command.to ? [[next, command.to]] : [];
    const finished = yield* finishChunk(
      db,
      this.#process,
      {
        ...{ execution_id, command_id, loop_id: loop.loop_id, rows, remaining, stop },
        window: windowOf({ ...loop, cursor: false }, poolSlots),
        chunk_size: Math.max(loop.concurrency, chunk_size),
      },
      mutation === 'no-fence',
    );
    this.#process.note(
      finished ? `finishes ${nameOf(command)} up to ${String(next)}` : `is late with ${nameOf(command)}`,
    );
    if (finished) yield* this.#announce(loop, finished, rows.length);
  }

  /** The items of a chunk, one after another, until its budget, its lease or its loop ends. */
  *#items(command: CommandRow, loop: LoopRow, failedBefore: number, lease: Lease): Work<Ran> {
    const { db, work, onItem } = this.#deps;
    const startedAt = db.world.now;
    const { from, to } = command;
    const rows: IterationRow[] = [];
    let next = from;
    let stop = false;
    const mayStart = (): boolean => {
      if (next >= to || stop || lease.paused || !lease.holds()) return false;
      const elapsed_ms = db.world.now - startedAt;
      return (
        next === from ||
        hasBudget({ items: next - from, total: to - from, elapsed_ms, bytes: rows.length * ITEM_BYTES })
      );
    };
    while (mayStart()) {
      if (command.deaths > 0 && (yield* this.#isBlamed(command, next))) {
        rows.push({ index: next, failed: true });
        next += 1;
        stop ||= stopsOnError(loop);
        continue;
      }
      // As `gate.enter` does before every item.
      if (!mayStart()) break;
      onItem('starts', this.#process, command, next);
      yield { wait: work.duration() };
      onItem('ends', this.#process, command, next);
      const failed = work.itemFails(loop, next);
      rows.push({ index: next, failed });
      next += 1;
      const failures = failedBefore + rows.filter((row) => row.failed).length;
      if (failed && (stopsOnError(loop) || (loop.mode === 'sequential' && exceeds(loop, failures))))
        stop = true;
    }
    return { rows, next, stop, elapsed_ms: db.world.now - startedAt };
  }

  /** Of a chunk whose worker vanished: an item at which others vanished too does not run again. */
  *#isBlamed(command: CommandRow, index: number): Work<boolean> {
    const { db, onGivenUp } = this.#deps;
    if (command.died_at.filter((at) => at === index).length >= ITEM_DEATHS_MAX) {
      onGivenUp();
      return true;
    }
    if (!(yield* writeCursor(db, this.#process, command, index)))
      throw new Unavailable(`command ${command.command_id} is no longer this worker's`);
    return false;
  }

  /** After the commit: the count raised, successors out, the aggregator called when the loop is complete. */
  *#announce(loop: LoopRow, finished: ChunkCommit, done: number): Work {
    const { bus, mutation } = this.#deps;
    const key = loopOf(loop);
    const raised =
      mutation === 'kv-add'
        ? yield* bus.kv.add(this.#process, key, done)
        : yield* bus.kv.raise(this.#process, key, finished.completed);
    for (const next of finished.issued)
      yield* bus.publishCommand(this.#process, next, `${next.command_id}:0`);
    const isLast = raised.raised && raised.completed_count === finished.size;
    if (finished.filled || isLast) yield* bus.publishAggregate(this.#process, loop);
  }

  *#step(command: CommandRow, lease: Lease): Work {
    const { db, bus, work, onGivenUp } = this.#deps;
    const { execution_id, command_id } = command;
    const died = command.deaths >= STEP_DEATHS_MAX;
    if (!died) yield { wait: work.duration() };
    if (!lease.holds()) return;
    if (died) onGivenUp();
    const n = work.visit(command);
    const failed = died || work.stepFails(command, n);
    const result = failed ? failure() : { n };
    const committed = yield* finishStep(db, this.#process, {
      execution_id,
      command_id,
      failed,
      result,
    });
    this.#process.note(`${committed ? 'finishes' : 'is late with'} ${nameOf(command)}`);
    if (committed) bus.notifyAdvance(this.#process, execution_id);
  }
}

function failure(): FailureResult {
  const error = new NoetlError('CODE_EXCEPTION', 'the step failed').toInfo();
  return { status: 'error', error, context: { error: error.message } };
}

function nameOf({ lane, step, command_id, from, to }: CommandRow): string {
  return lane === 'step' ? `step ${step}` : `chunk ${command_id} of ${step} [${String(from)}, ${String(to)})`;
}

function stopsOnError({ on_error, tolerated }: LoopRow): boolean {
  return on_error === 'fail' && tolerated === undefined;
}

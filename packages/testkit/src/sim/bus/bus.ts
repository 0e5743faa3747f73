/** The modelled NATS: commands in a work queue, notices that only wake, and the K/V bucket; any of it may be lost. */
import type { AggregateNotice } from '@noetl/bus';
import type { CommandNotice, Id } from '@noetl/protocol';
import type { Faults } from '../faults.ts';
import { latency, Unavailable, type Process, type Work, type World } from '../world.ts';
import { Bucket } from './kv.ts';
import { Queue } from './queue.ts';

const STEP_ACK_WAIT_MS = 30_000;
const CHUNK_ACK_WAIT_MS = 10_000;

export class Bus {
  readonly world: World;
  readonly faults: Faults;
  readonly step: Queue<CommandNotice>;
  readonly chunk: Queue<CommandNotice>;
  readonly aggregate: Queue<AggregateNotice>;
  readonly kv: Bucket;
  down = false;
  readonly #listeners = new Map<Process, (executionId: Id) => void>();

  constructor(world: World, faults: Faults) {
    this.world = world;
    this.faults = faults;
    const isDown = (): boolean => this.down;
    const settings = { world, faults, isDown };
    this.step = new Queue({ ...settings, ackWaitMs: STEP_ACK_WAIT_MS });
    this.chunk = new Queue({ ...settings, ackWaitMs: CHUNK_ACK_WAIT_MS });
    this.aggregate = new Queue({ ...settings, ackWaitMs: STEP_ACK_WAIT_MS });
    this.kv = new Bucket(settings);
  }

  publishCommand(process: Process, { execution_id, command_id, lane }: CommandNotice, dedupe: string): Work {
    return this.#publish(
      process,
      this[lane],
      { execution_id, command_id, lane },
      `${execution_id}:${dedupe}`,
    );
  }

  publishAggregate(process: Process, { execution_id, loop_id }: AggregateNotice): Work {
    return this.#publish(
      process,
      this.aggregate,
      { execution_id, loop_id },
      `${execution_id}:${loop_id}:aggregate`,
    );
  }

  *#publish<T>(process: Process, queue: Queue<T>, notice: T, id: string): Work {
    yield latency(this.world);
    this.#check();
    process.note(`publishes ${id}${queue.add(notice, id)}`);
    yield latency(this.world);
    this.#check();
  }

  #check(): void {
    if (this.down) throw new Unavailable('NATS does not answer');
  }

  /** Reaches one listener, or nobody. */
  notifyAdvance(process: Process, executionId: Id): void {
    const { random } = this.world;
    if (this.down || random.chance(this.faults.drop)) {
      process.note(`notice for ${executionId} is lost`);
      return;
    }
    const { wait } = latency(this.world) as { wait: number };
    this.world.at(wait, () => {
      const alive = [...this.#listeners.entries()].filter(([listener]) => listener.alive);
      if (alive.length > 0) random.pick(alive)[1](executionId);
    });
  }

  onAdvance(process: Process, handler: (executionId: Id) => void): void {
    this.#listeners.set(process, handler);
    process.onDeath.add(() => this.#listeners.delete(process));
  }

  /** The server is killed and comes back with what it had stored. */
  restart(downMs: number): void {
    this.down = true;
    this.world.note('faults', `nats restarts, down for ${String(downMs)} ms`);
    this.world.at(downMs, () => (this.down = false));
  }

  /** The server loses its disk. */
  wipe(): void {
    this.world.note('faults', 'nats is wiped');
    for (const queue of [this.step, this.chunk, this.aggregate]) queue.wipe();
    this.kv.wipe();
  }
}

/** One run: a scenario, its processes and its faults, until everything has arrived or an invariant breaks. */
import { clockId, type Id } from '@noetl/protocol';
import { Bus } from './bus/bus.ts';
import { nemesis, NO_FAULTS } from './faults.ts';
import { missing } from './goal.ts';
import { Invariants } from './invariants.ts';
import type { Mutation } from './mutation.ts';
import { startAggregator } from './processes/aggregator.ts';
import { Api, type ApiDeps } from './processes/api.ts';
import { ask, cancel, execute, pause } from './processes/client.ts';
import { startRelay } from './processes/relay.ts';
import { Worker, type WorkerDeps } from './processes/worker.ts';
import { isAmong } from '../random.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { scenarioOf, type Scenario } from './scenario.ts';
import { Database } from './store/database.ts';
import { Process, Violation, World } from './world.ts';

/** After the heal nothing may stand still for so long: two ack waits, two leases and all sweeps fit into it. */
const STANDSTILL_MAX_MS = 150_000;
const LOOK_EVERY_MS = 500;
const RESUME_EVERY_MS = 30_000;
const WORKER_SLOTS = 2;

export interface RunResult {
  seed: number;
  /** What went wrong. */
  violation?: string;
  log: string[];
  /** Virtual time it took. */
  virtualMs: number;
  executions: number;
  events: number;
  items: number;
}

export function run(seed: number, mutation?: Mutation): RunResult {
  const world = new World(seed);
  const scenario = scenarioOf(world.random);
  const simulation = new Simulation(world, scenario, seed, mutation);
  let violation: string | undefined;
  try {
    simulation.play();
    simulation.arrivedAs(() => undisturbed(seed, scenario));
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error.message;
    world.note('check', `VIOLATION: ${violation}`);
  }
  const { size } = simulation;
  return {
    seed,
    log: world.log,
    virtualMs: world.now,
    ...size,
    ...(violation !== undefined && { violation }),
  };
}

/** How the same executions end when nothing goes wrong. */
function undisturbed(seed: number, scenario: Scenario): Outcome[] {
  const executions = scenario.executions.map(({ text, playbook, atMs }) => ({
    text,
    playbook,
    atMs,
    pausesLoop: false,
  }));
  const calm = { ...scenario, executions, faults: NO_FAULTS, healAtMs: 0 };
  const simulation = new Simulation(new World(seed), calm, seed, undefined);
  simulation.play();
  return simulation.outcomes;
}

class Simulation {
  readonly #world: World;
  readonly #scenario: Scenario;
  readonly #db: Database;
  readonly #bus: Bus;
  readonly #processes: Process[] = [];
  readonly #apis = new Map<Process, Api>();
  readonly #invariants: Invariants;
  readonly #seed: number;
  #isGivenUp = false;

  constructor(world: World, scenario: Scenario, seed: number, mutation: Mutation | undefined) {
    this.#world = world;
    this.#scenario = scenario;
    world.latencyMaxMs = scenario.latencyMaxMs;
    this.#db = new Database(world);
    this.#db.withoutExecutionLock = mutation === 'no-lock';
    this.#bus = new Bus(world, { ...scenario.faults });
    this.#seed = seed;
    const invariants = new Invariants(this.#db, this.#bus, (id) => this.#playbookOf(id));
    this.#invariants = invariants;
    const poolSlots = scenario.replicas.worker * WORKER_SLOTS;
    const shared = { db: this.#db, bus: this.#bus, poolSlots };
    const apiDeps: ApiDeps = {
      ...shared,
      playbookOf: (id) => this.#playbookOf(id),
      onDecided: (id, hot) => invariants.decided(id, hot),
    };
    const workerDeps: WorkerDeps = {
      ...shared,
      mutation,
      work: this.#work(),
      onItem: (...of) => invariants.item(...of),
      onGivenUp: () => (this.#isGivenUp = true),
    };
    const { api, worker, aggregator } = scenario.replicas;
    this.#add('api', api, (process) => this.#startApi(process, apiDeps));
    this.#add('worker', worker, (process) => new Worker(process, workerDeps));
    this.#add('aggr', aggregator, (process) => startAggregator(process, this.#db, this.#bus));
  }

  get size(): { executions: number; events: number; items: number } {
    const { events, iterations, rows } = this.#db;
    const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0);
    return {
      executions: rows.execution.size,
      events: sum([...events.values()].map((list) => list.length)),
      items: sum([...iterations.values()].map((rows) => rows.size)),
    };
  }

  get outcomes(): Outcome[] {
    return this.#scenario.executions.map((_, index) =>
      outcomeOf(this.#invariants.stateOf(this.#idOf(index))),
    );
  }

  /** Nobody has asked for another end, so it has to be the one that comes without faults. */
  arrivedAs(expected: () => Outcome[]): void {
    const { executions } = this.#scenario;
    const isOwn = executions.map((of) => of.cancelAtMs === undefined && of.timeoutMs === undefined);
    if (this.#isGivenUp || !isOwn.includes(true)) return;
    const calm = expected();
    for (const [index, outcome] of this.outcomes.entries()) {
      const wanted = calm[index] ?? '';
      if (isOwn[index] && outcome !== wanted)
        throw new Violation(`execution ${this.#idOf(index)} ends as ${outcome}, without faults as ${wanted}`);
    }
  }

  play(): void {
    const { executions, healAtMs } = this.#scenario;
    for (const process of this.#processes) process.start();
    this.#requests();
    const stage = { world: this.#world, db: this.#db, bus: this.#bus, processes: this.#processes };
    if (healAtMs > 0) nemesis(stage, healAtMs);
    this.#world.at(healAtMs, () => this.#heal());
    let last = { progress: -1, atMs: healAtMs };
    for (let lookAt = healAtMs; ; lookAt += LOOK_EVERY_MS) {
      while (this.#world.now < lookAt && this.#world.step());
      const left = missing(this.#db, this.#bus, executions.length);
      if (left.length === 0) return;
      const { events, items } = this.size;
      if (events + items > last.progress) last = { progress: events + items, atMs: lookAt };
      if (lookAt > last.atMs + STANDSTILL_MAX_MS)
        throw new Violation(`it does not arrive: ${left.join('; ')}`);
    }
  }

  #add(kind: string, count: number, boot: (process: Process) => void): void {
    for (let n = 1; n <= count; n += 1)
      this.#processes.push(new Process(this.#world, `${kind}${String(n)}`, boot));
  }

  #startApi(process: Process, deps: ApiDeps): void {
    const api = new Api(process, deps);
    this.#apis.set(process, api);
    this.#bus.onAdvance(process, (executionId) => api.push(executionId));
    startRelay(api);
  }

  #idOf(index: number): Id {
    return (clockId(Date.UTC(2026, 0, 1)) + BigInt(index)).toString();
  }

  #indexOf(executionId: Id): number {
    return Number(BigInt(executionId) - BigInt(this.#idOf(0)));
  }

  #asked(): { world: World; apis: () => Api[] } {
    return { world: this.#world, apis: () => [...this.#apis.values()] };
  }

  #playbookOf(executionId: Id): Scenario['executions'][number]['playbook'] {
    const started = this.#scenario.executions[this.#indexOf(executionId)];
    if (!started) throw new Error(`no execution ${executionId}`);
    return started.playbook;
  }

  #requests(): void {
    const of = this.#asked();
    for (const [
      index,
      { atMs, timeoutMs, cancelAtMs, pauseAtMs, pausesLoop, text },
    ] of this.#scenario.executions.entries()) {
      const id = this.#idOf(index);
      for (const line of text.split('\n')) this.#world.note('client', line);
      ask(of, atMs, `execute ${id}`, execute(id, timeoutMs));
      if (cancelAtMs !== undefined) ask(of, cancelAtMs, `cancel ${id}`, cancel(id));
      if (!pauseAtMs) continue;
      const resume = (): void => ask(of, pauseAtMs[1], `resume ${id}`, pause(id, false, pausesLoop));
      ask(of, pauseAtMs[0], `pause ${id}`, pause(id, true, pausesLoop), resume);
    }
  }

  #work(): WorkerDeps['work'] {
    const { random } = this.#world;
    const { duration, itemFailures, stepFailures } = this.#scenario;
    return {
      duration: () => random.int(...duration),
      itemFails: ({ execution_id, step }, index) =>
        isAmong(itemFailures, `${String(this.#seed)}/${execution_id}/${step}/${String(index)}`),
      stepFails: ({ execution_id, step }, visit) =>
        isAmong(stepFailures, `${String(this.#seed)}/${execution_id}/${step}/${String(visit)}`),
      visit: ({ execution_id, step }) =>
        [...this.#db.rows.command.values()].filter(
          (row) => row.execution_id === execution_id && row.step === step,
        ).length,
    };
  }

  #heal(): void {
    this.#world.note('faults', 'everything heals');
    Object.assign(this.#bus.faults, NO_FAULTS);
    for (const process of this.#processes) {
      process.thaw();
      process.start();
    }
    this.#world.at(RESUME_EVERY_MS, () => this.#resume());
  }

  /** A pause that is carried out late, after its resumption: whoever looks after it resumes again. */
  #resume(): void {
    const of = this.#asked();
    const { execution, loop } = this.#db.rows;
    const paused = [
      ...[...execution.values()].filter((row) => row.paused),
      ...[...loop.values()].filter((row) => row.paused && row.state !== 'done'),
    ];
    for (const row of paused) {
      const { execution_id } = row;
      const until = this.#scenario.executions[this.#indexOf(execution_id)]?.pauseAtMs?.[1] ?? 0;
      const request = pause(execution_id, false, 'loop_id' in row);
      if (until < this.#world.now) ask(of, this.#world.now, `resume ${execution_id}`, request);
    }
    this.#world.at(RESUME_EVERY_MS, () => this.#resume());
  }
}

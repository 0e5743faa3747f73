/** What goes wrong in a run, and how often: probabilities of a message or a process, and the nemesis that strikes. */
import type { Bus } from './bus/bus.ts';
import type { Database } from './store/database.ts';
import type { Random } from '../random.ts';
import type { Process, World } from './world.ts';

/** Probabilities a message; all are 0 once the run heals. */
export interface Faults {
  /** A message that was acknowledged to its publisher, a delivery, an acknowledgement, a notice is lost. */
  drop: number;
  /** A message is stored twice, as after a retry outside the dedupe window. */
  duplicate: number;
  /** A message arrives later than others, by up to some seconds. */
  delay: number;
  /** A read of K/V comes from a replica that is behind. */
  stale: number;
  /** A process loses a state that it keeps in memory. */
  forget: number;
}

export const NO_FAULTS: Faults = { drop: 0, duplicate: 0, delay: 0, stale: 0, forget: 0 };

export function anyFaults(random: Random): Faults {
  const some = (most: number): number => (random.chance(0.5) ? random.int(1, 100) * (most / 100) : 0);
  return { drop: some(0.2), duplicate: some(0.2), delay: some(0.3), stale: some(0.3), forget: some(0.3) };
}

interface Stage {
  world: World;
  db: Database;
  bus: Bus;
  processes: Process[];
}

const HOUR_MS = 3_600_000;

/** Strikes at random times until `untilMs`; which kinds of blows, each run decides anew. */
export function nemesis({ world, db, bus, processes }: Stage, untilMs: number): void {
  const { random } = world;
  const blows: Record<string, () => void> = {
    crash: () => strike(random.pick(processes)),
    freeze: () => {
      const victim = random.pick(processes);
      const forMs = random.int(50, random.pick([2_000, 25_000]));
      victim.note(`is frozen for ${String(forMs)} ms`);
      victim.freeze(forMs);
    },
    clock: () => {
      const victim = random.pick(processes);
      victim.skewMs = random.int(-HOUR_MS, HOUR_MS);
      victim.note(`its clock is wrong by ${String(victim.skewMs)} ms`);
    },
    postgres: () => db.restart(random.int(0, random.pick([100, 4_000]))),
    nats: () => bus.restart(random.int(0, random.pick([100, 5_000]))),
    wipe: () => bus.wipe(),
    key: () => bus.kv.deleteSome(random),
  };
  const strike = (victim: Process): void => {
    if (!victim.alive) return;
    victim.note('is killed');
    victim.crash();
    world.at(random.int(50, random.pick([500, 8_000])), () => victim.start());
  };
  const chosen = Object.values(blows).filter(() => random.chance(0.6));
  if (chosen.length === 0) return;
  const meanMs = random.pick([30, 200, 1_000, 4_000]);
  const next = (): void =>
    world.at(random.int(1, 2 * meanMs), () => {
      if (world.now >= untilMs) return;
      random.pick(chosen)();
      next();
    });
  next();
}

/**
 * What the nemesis does and when: a pure function of seed and number of kills. Faults come in bags of twenty kills,
 * each shuffled, so that every kind has its share in a run of any length.
 */
import { Random } from '../random.ts';

export type FaultKind =
  | 'kill_worker'
  | 'kill_api'
  | 'kill_aggregator'
  | 'kill_nats'
  | 'wipe_nats'
  | 'crash_postgres'
  | 'pause_worker'
  | 'repeat_commands'
  | 'delete_count'
  | 'silence_link'
  | 'reset_link';

export interface Fault {
  /** Since the fault before. */
  after_ms: number;
  kind: FaultKind;
  /** Chooses among whoever is there: modulo their number. */
  pick: number;
  /** How long the victim is away. */
  down_ms: number;
}

const BAG: readonly [FaultKind, number][] = [
  ['kill_worker', 11],
  ['kill_api', 2],
  ['kill_aggregator', 2],
  ['kill_nats', 2],
  ['crash_postgres', 3],
  ['pause_worker', 3],
  ['repeat_commands', 1],
  ['delete_count', 1],
];
/** With a proxy on every link only. */
const LINK_BAG: readonly [FaultKind, number][] = [
  ['silence_link', 4],
  ['reset_link', 4],
];
export const KINDS: readonly FaultKind[] = [...[...BAG, ...LINK_BAG].map(([kind]) => kind), 'wipe_nats'];

/** In every tenth bag NATS comes back empty once: five times in a thousand kills. */
const WIPE_EVERY_BAGS = 10;

const GAP_MS = [200, 1_200] as const;
/** A quarter of the periods is quiet for longer, so that things also settle. */
const QUIET_OF_FOUR = 1;
const QUIET_MS = [500, 2_000] as const;
const DOWN_MS = [0, 2_000] as const;
/** Some shorter and some longer than a lease of ten seconds. */
const LONG: readonly FaultKind[] = ['pause_worker', 'silence_link'];
const PAUSE_MS = [500, 13_000] as const;
const PICK_MAX = 1_000_000;

const HARMLESS: readonly FaultKind[] = [
  'pause_worker',
  'repeat_commands',
  'delete_count',
  'silence_link',
  'reset_link',
];

/** Faults that end a process; the others do not count as kills. */
export function isKill(kind: FaultKind): boolean {
  return !HARMLESS.includes(kind);
}

export interface Shape {
  seed: number;
  kills: number;
  /** Nothing but these kinds; at least one of them must be a kill. */
  only?: readonly FaultKind[];
  /** The time between faults is so many times as long. */
  slower?: number;
  /** The links between processes and services break as well. */
  links?: boolean;
}

export function scheduleOf({ seed, kills, only = KINDS, slower = 1, links = false }: Shape): Fault[] {
  const random = new Random(seed);
  const faults: Fault[] = [];
  let left = kills;
  for (let bag = 0; left > 0; bag += 1) {
    const kinds = kindsOf(bag, links).filter((kind) => only.includes(kind));
    for (const kind of shuffled(kinds, random)) {
      if (left === 0) break;
      const quiet = random.int(1, 4) <= QUIET_OF_FOUR ? random.int(...QUIET_MS) : 0;
      faults.push({
        after_ms: Math.round((random.int(...GAP_MS) + quiet) * slower),
        kind,
        pick: random.int(0, PICK_MAX),
        down_ms: LONG.includes(kind) ? random.int(...PAUSE_MS) : random.int(...DOWN_MS),
      });
      if (isKill(kind)) left -= 1;
    }
  }
  return faults;
}

function kindsOf(bag: number, links: boolean): FaultKind[] {
  const kinds = [...BAG, ...(links ? LINK_BAG : [])].flatMap(([kind, count]) =>
    Array.from({ length: count }, () => kind),
  );
  if (bag % WIPE_EVERY_BAGS === 0) kinds[kinds.indexOf('kill_nats')] = 'wipe_nats';
  return kinds;
}

/** Fisher–Yates. */
function shuffled<T>(items: T[], random: Random): T[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = random.int(0, last);
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
  return items;
}

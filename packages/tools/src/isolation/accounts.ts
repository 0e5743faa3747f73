/**
 * Accounts for runners of a worker that is root: each gets a number of its own, that no other process has. So it can
 * neither signal nor trace others, the kernel counts its processes alone, and all that it leaves can be found.
 */
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** Numbers `[first, last]`. */
export interface AccountRange {
  first: number;
  last: number;
}

/** Between the accounts of people and those of systemd; Debian gives none of them out. */
export const DEFAULT_ACCOUNTS: AccountRange = { first: 60_600, last: 61_100 };

const TRIES = 1_000;
const KILL_ROUNDS = 100;

export class Accounts {
  readonly #range: AccountRange;
  readonly #leased = new Set<number>();

  constructor(range: AccountRange) {
    this.#range = range;
  }

  /** An account that nobody uses. */
  lease(): number {
    const taken = new Set(processes().map(({ uid }) => uid));
    for (let tries = 0; tries < TRIES; tries += 1) {
      const uid = randomInt(this.#range.first, this.#range.last + 1);
      if (taken.has(uid) || this.#leased.has(uid)) continue;
      this.#leased.add(uid);
      return uid;
    }
    throw new Error('no account is free for another runner: widen NOETL_RUNNER_UIDS');
  }

  release(uid: number): void {
    this.#leased.delete(uid);
  }
}

/** Ends every process of an account; whatever forks meanwhile is met in the next round. */
export function killAccount(uid: number): void {
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    const alive = processes().filter((one) => one.uid === uid);
    if (alive.length === 0) return;
    for (const { pid } of alive) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  }
}

/** By what the kernel says of each: the owner of its folder in /proc is root's where a process hides its memory. */
function processes(): { pid: number; uid: number }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1];
      // One that has ended, and that nobody has waited for, is no use to anybody.
      return uid === undefined || /^State:\s+Z/m.test(status)
        ? []
        : [{ pid: Number(name), uid: Number(uid) }];
    } catch {
      return [];
    }
  });
}

/** Randomness of one run, simulated or real: everything that a seed decides comes from here. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return uniformInt(this.#generator, Math.ceil(least), Math.max(Math.ceil(least), Math.floor(most)));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return probability > 0 && uniformFloat64(this.#generator) < probability;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)] as T;
  }
}

/** Whether a thing is among this share of all things: always the same answer for the same name. */
export function isAmong(share: number, name: string): boolean {
  if (share <= 0) return false;
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return new Random(hash).chance(share);
}

/**
 * Ids: 64-bit, time-ordered, decimal strings everywhere outside Postgres (they exceed 2^53).
 * Layout as NoETL's: (ms since 2024-01-01 << 23) | (shard << 18) | sequence.
 */

/** Decimal digits of a 64-bit number. */
export type Id = string;

const EPOCH_MS = 1_704_067_200_000n;

/** The smallest id of the millisecond `nowMs` (Unix time). */
export function clockId(nowMs: number): bigint {
  return (BigInt(Math.trunc(nowMs)) - EPOCH_MS) << 23n;
}

/** The Unix time in milliseconds at which an id was made. */
export function idTimeMs(id: Id): number {
  return Number((BigInt(id) >> 23n) + EPOCH_MS);
}

/** `id + offset`; an iteration's event id is its loop's base plus its index. */
export function offsetId(id: Id, offset: number): Id {
  return (BigInt(id) + BigInt(offset)).toString();
}

/** True for text that can be an id: 1 to 19 digits, within a signed 64-bit number. */
export function isId(text: unknown): text is Id {
  return typeof text === 'string' && /^\d{1,19}$/.test(text) && BigInt(text) <= 0x7fff_ffff_ffff_ffffn;
}

/** Gives ids that only rise; the engine receives one, so that it stays free of clock and randomness. */
export interface IdSource {
  /** One new id, greater than all before. */
  next(): Id;
  /** Reserves `count` consecutive ids and returns the first. */
  reserve(count: number): Id;
  /** The last id given or reserved. */
  last(): Id;
}

/** Ids of one execution: each is `max(clock, last + 1)`, so they never go backwards whatever the clock says. */
export function idSource(lastId: Id, nowMs: number): IdSource {
  let last = BigInt(lastId);
  const clock = clockId(nowMs);
  const reserve = (count: number): Id => {
    const first = clock > last ? clock : last + 1n;
    last = first + BigInt(count) - 1n;
    return first.toString();
  };
  return { next: () => reserve(1), reserve, last: () => last.toString() };
}

/** Ids for new executions and commands outside an execution's lock: time, shard and a sequence. */
export function snowflakes(shard: number, nowMs: () => number): () => Id {
  let last = 0n;
  const low = BigInt(shard & 31) << 18n;
  return () => {
    const candidate = clockId(nowMs()) | low;
    last = candidate > last ? candidate : last + 1n;
    return last.toString();
  };
}

/** The worker's own arithmetic: chunk sizes, windows, policy rules, retry delays. */
import { windowOf } from '@noetl/protocol';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Rule, Scope } from '@noetl/playbook';
import { hasBudget, nextChunkSize } from './chunk-budget.ts';
import type { Output } from './output.ts';
import { judge, retryDelayMs } from './policy.ts';

const scope = (names: Record<string, unknown> = {}): Scope => ({ lookup: (name) => names[name] });
const rule = (over: Partial<Rule>): Rule => ({ do: 'continue', set: {}, ...over });

describe('chunks', () => {
  test.each([
    ['slow items go one by one', { items: 4, elapsed_ms: 4_000, bytes: 400 }, 1],
    ['half-second items too', { items: 4, elapsed_ms: 2_000, bytes: 400 }, 1],
    ['fast items go by hundreds, growing step by step', { items: 32, elapsed_ms: 1, bytes: 3_200 }, 256],
    ['never by more than two thousand', { items: 1_000, elapsed_ms: 1, bytes: 1_000 }, 2_000],
    ['large results by few', { items: 10, elapsed_ms: 1, bytes: 10 * 1024 * 1024 }, 4],
    ['of nothing, one is tried', { items: 0, elapsed_ms: 0, bytes: 0 }, 1],
  ])('%s', (_, figures, size) => {
    expect(nextChunkSize(figures)).toBe(size);
  });

  test.each([
    ['begins', { items: 1, total: 10, elapsed_ms: 1, bytes: 1 }, true],
    [
      'gives back early what turns out far too large',
      { items: 10, total: 1_000, elapsed_ms: 500, bytes: 1 },
      false,
    ],
    ['ends what it has half done', { items: 5, total: 10, elapsed_ms: 900, bytes: 1 }, true],
    ['ends after two seconds', { items: 9, total: 10, elapsed_ms: 2_000, bytes: 1 }, false],
    ['holds no more than eight megabytes', { items: 9, total: 10, elapsed_ms: 1, bytes: 8 << 20 }, false],
  ])('a chunk %s', (_, progress, goesOn) => {
    expect(hasBudget(progress)).toBe(goesOn);
  });

  test('always a whole number within bounds', () => {
    const figures = fc.record({
      items: fc.nat(2_000),
      elapsed_ms: fc.double({ min: 0, max: 1e6, noNaN: true }),
      bytes: fc.nat(),
    });
    fc.assert(
      fc.property(figures, (given) => {
        const size = nextChunkSize(given);
        return Number.isInteger(size) && size >= 1 && size <= 2_000;
      }),
    );
  });

  test("the window is one when sequential, the author's bound, or what the pool can take", () => {
    const loop = {
      mode: 'parallel',
      max_in_flight: null,
      concurrency: 1,
      chunk_max: null,
      cursor: false,
    } as const;
    expect(windowOf({ ...loop, mode: 'sequential', max_in_flight: 9 }, 8)).toBe(1);
    expect(windowOf({ ...loop, max_in_flight: 3 }, 8)).toBe(3);
    expect(windowOf({ ...loop, max_in_flight: 13, concurrency: 3 }, 8)).toBe(4);
    expect(windowOf({ ...loop, max_in_flight: 500 }, 8)).toBe(16);
    expect(windowOf({ ...loop, max_in_flight: 500, chunk_max: 1 }, 8)).toBe(500);
    expect(windowOf({ ...loop, max_in_flight: 500, cursor: true }, 8)).toBe(500);
    expect(windowOf(loop, 8)).toBe(16);
    expect(windowOf(loop, 1)).toBe(4);
  });
});

describe('rules', () => {
  const ok: Output = {
    status: 'ok',
    data: null,
    response: null,
    error: null,
    http: null,
    pg: null,
    py: null,
    ref: null,
    meta: { attempt: 1, duration_ms: 1 },
  };
  const failed: Output = { ...ok, status: 'error' };

  test('without a match, an error fails and success goes on', () => {
    expect([judge([], ok, scope()).action, judge([], failed, scope()).action]).toEqual(['continue', 'fail']);
  });

  test('the first that matches decides; else always does', () => {
    const rules = [rule({ when: "{{ output.status == 'error' }}", do: 'retry' }), rule({ do: 'break' })];
    expect(judge(rules, failed, scope({ output: failed })).action).toBe('retry');
    expect(judge(rules, ok, scope({ output: ok })).action).toBe('break');
  });

  test.each<[Partial<Rule>, (number | undefined)[]]>([
    [{}, [0, 0, undefined]],
    [{ attempts: 2 }, [0, undefined]],
    [{ delay: 2 }, [2_000, 2_000, undefined]],
    [{ delay: 2, backoff: 'none' }, [0, 0, undefined]],
    [{ delay: 1, backoff: 'linear', attempts: 4 }, [1_000, 2_000, 3_000, undefined]],
    [{ delay: 1, backoff: 'exponential', attempts: 4 }, [1_000, 2_000, 4_000, undefined]],
    [{ delay: '{{ wait }}', attempts: '{{ tries }}', backoff: 'fixed' }, [500, undefined]],
  ])('%j waits %j', (over, waits) => {
    const retry = rule({ do: 'retry', ...over });
    expect(waits.map((_, index) => retryDelayMs(retry, index + 1, scope({ wait: 0.5, tries: 2 })))).toEqual(
      waits,
    );
  });
});

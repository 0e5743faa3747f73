/** Rounds whose guard refuses, arcs taken beside a back arc, collections that only look like ours, and any order of facts. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '@noetl/protocol';
import { all, arcs, step, Story, to } from './story.ts';

test('a guard that refuses a back arc ends the round', () => {
  const flow =
    step('start', to('a')) +
    step('a', `when: '{{ stop is undefined }}', ${to('b')}`) +
    step('b', `set: {ctx.stop: true}, ${arcs("{step: a, when: '{{ b.more }}'}, {step: c}")}`) +
    step('c');
  const story = new Story(flow).ends('start').ends('a').ends('b', { more: true });
  expect([story.status, story.count('step.enter', 'a'), story.log.length < 40]).toEqual([
    'COMPLETED',
    1,
    true,
  ]);
});

test('an arc taken beside a back arc is followed in every round', () => {
  const router = "next: {spec: {mode: inclusive}, arcs: [{step: start, when: '{{ a.more }}'}, {step: note}]}";
  const story = new Story(step('start', to('a')) + step('a', router) + step('note'));
  story.ends('start').ends('a', { more: true });
  expect(story.running.sort()).toEqual(['note', 'start']);
  story.ends('note').ends('start').ends('a', { more: false }).ends('note');
  expect([story.status, story.count('step.enter', 'note')]).toEqual(['COMPLETED', 2]);
});

test('a way back that never ends ends the execution', () => {
  const story = new Story(step('start', to('a')) + step('a', to('a')));
  story.ends('start');
  const { a } = story.state.steps;
  if (a) story.state = { ...story.state, steps: { ...story.state.steps, a: { ...a, visits: 9_999 } } };
  story.ends('a');
  expect([story.status, story.running]).toEqual(['RUNNING', ['a']]);
  story.ends('a');
  expect([story.status, story.running]).toEqual(['FAILED', []]);
});

describe('what a request sends in the shape of a range or a reference', () => {
  const each = "  - {step: start, loop: {in: '{{ xs }}', iterator: i}, tool: {kind: noop}}\n";

  test.each<[JsonObject]>([
    [{ _range: { count: 'x' } }],
    [{ _range: { start: 0, step: 1, count: -4 } }],
    [{ _range: { start: 'a', step: 1, count: 3 } }],
    [{ _range: { start: 0, step: 1, count: 2.5 } }],
    [{ _ref: { kind: 'list', ref: 'noetl://9/list/1', count: -3, bytes: 1 } }],
    [{ _ref: { kind: 'list', ref: 'noetl://9/list/1', count: 0.5, bytes: 1 } }],
  ])('%j is refused', (xs) => {
    const story = new Story(each, { payload: { xs } });
    expect(story.log.at(-1)).toMatchObject({ result: { error: { code: 'LOOP_NOT_ITERABLE' } } });
  });
});

/** Steps s0 … s(n-1), arcs only from lower to higher: the flow cannot go round. */
const flows = fc
  .integer({ min: 2, max: 8 })
  .chain((size) =>
    fc.tuple(
      fc.constant(size),
      fc.array(fc.tuple(fc.nat(size - 2), fc.integer({ min: 1, max: size - 1 })), { maxLength: 16 }),
      fc.array(fc.boolean(), { minLength: size, maxLength: size }),
      fc.array(fc.nat(7), { minLength: 40, maxLength: 40 }),
    ),
  );

function play(size: number, edges: [number, number][], wide: boolean[], picks: number[]): Story {
  const flow = Array.from({ length: size }, (_, from) => {
    const targets = [
      ...new Set(edges.filter(([a, b]) => a === from && b > from).map(([, b]) => `s${String(b)}`)),
    ];
    return step(`s${String(from)}`, wide[from] === true ? all(...targets) : to(...targets));
  });
  const story = new Story(flow.join(''));
  for (const pick of picks) {
    const { running } = story;
    if (running.length > 0) story.ends(running[pick % running.length] as string);
  }
  return story;
}

test('in any order of facts: one end, every step at most once, the same steps, the same fold', () => {
  fc.assert(
    fc.property(flows, ([size, edges, wide, picks]) => {
      const story = play(size, edges, wide, picks);
      const other = play(size, edges, wide, [...picks].reverse());
      const entered = (of: Story): string[] =>
        of.log.filter((event) => event.event_type === 'step.enter').map((event) => event.node_name);
      expect(story.status).toBe('COMPLETED');
      expect(story.count('playbook.completed')).toBe(1);
      expect(new Set(entered(story)).size).toBe(entered(story).length);
      expect(entered(other).sort()).toEqual(entered(story).sort());
      expect(story.replayed()).toEqual(story.state);
    }),
    { numRuns: 300 },
  );
});

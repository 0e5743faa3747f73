/** Given an execution that has ended, when items of a loop are redriven, then only what follows from it runs again. */
import { describe, expect, test } from '@jest/globals';
import type { RedrivenLoop } from './inputs.ts';
import { all, step, Story, to } from './story.ts';

const loop = (name: string, rest = ''): string =>
  `  - {step: ${name}, loop: {in: [1, 2, 3], iterator: item, spec: {policy: {on_error: fail}}}, tool: {kind: noop}${rest === '' ? '' : `, ${rest}`}}\n`;

/** One item of three, as the first entry froze the loop. */
function again(story: Story, name: string): Story {
  const opening = story.log.find((event) => event.event_type === 'loop.started' && event.node_name === name);
  const frozen: RedrivenLoop = {
    size: 1,
    iterator: 'item',
    mode: 'parallel',
    on_error: 'fail',
    concurrency: 1,
    collection: { kind: 'inline', items: [1, 2, 3] },
    context: {
      execution_id: '100',
      catalog_id: '7',
      path: 'tests/t',
      vars: {},
      steps: {},
      step_kinds: {},
      args: {},
      payload: {},
    },
    redrive: { loop_id: opening?.event_id ?? '0', total: 3, list_id: '1', kept: { completed: 2, failed: 0 } },
  };
  return story.decide({ kind: 'redrive', step: name, loop: frozen });
}

const line = (): Story => new Story(step('start', to('work')) + loop('work', to('after')) + step('after'));

describe('a loop that failed', () => {
  const failed = (): Story => line().ends('start').loopEnds('work', [1, 2, null], 1);

  test('is entered again, over the chosen items', () => {
    const story = failed();
    expect(story.status).toBe('FAILED');
    again(story, 'work');
    expect([story.status, story.running]).toEqual(['RUNNING', ['work']]);
    const [opened] = story.last.loops;
    expect(opened).toMatchObject({ step: 'work', size: 1, redrive: { run: 2, total: 3 } });
    expect(story.last.events.map((event) => event.event_type)).toEqual([
      'execution.redriven',
      'step.enter',
      'loop.started',
    ]);
  });

  test('the ids of all its indexes are reserved, whatever was chosen', () => {
    const story = again(failed(), 'work');
    const base = BigInt(story.last.loops[0]?.base_event_id ?? 0);
    story.loopEnds('work', [1, 2, 3]);
    expect(
      BigInt(story.log.find((event) => BigInt(event.event_id) > base)?.event_id ?? 0),
    ).toBeGreaterThanOrEqual(base + 3n);
  });

  test('goes on behind it, and ends as the second run', () => {
    const story = again(failed(), 'work').loopEnds('work', [1, 2, 3]).ends('after', 5);
    expect(story.status).toBe('COMPLETED');
    expect(story.log.at(-1)).toMatchObject({ event_type: 'playbook.completed', result: 5, meta: { run: 2 } });
    expect([story.count('step.enter', 'start'), story.count('step.enter', 'work')]).toEqual([1, 2]);
  });

  test('the end of the entry before is late', () => {
    const story = failed();
    const first = story.state.steps['work']?.loop_id;
    again(story, 'work').fact({
      event_type: 'loop.done',
      node_name: 'work',
      status: 'COMPLETED',
      loop_id: first,
      result: { results: [], stats: { total: 3, success: 3, failed: 0, not_started: 0 } },
    });
    expect(story.running).toEqual(['work']);
  });

  test('folding the whole log gives the state that was decided on', () => {
    const story = again(failed(), 'work').loopEnds('work', [1, 2, null], 1);
    expect(story.replayed()).toEqual(story.state);
    again(story, 'work');
    expect(story.state.run).toBe(3);
    expect(story.replayed()).toEqual(story.state);
  });
});

test('what followed from the loop is forgotten, what came before it is not', () => {
  const story = line().ends('start', { n: 1 }).loopEnds('work', [1, 2, 3]).ends('after', 5);
  again(story, 'work');
  expect(story.state.values).toEqual({ start: { n: 1 } });
  expect(story.state.last).toBeUndefined();
  expect(story.loopEnds('work', [1, 2, 3]).running).toEqual(['after']);
  expect(story.ends('after', 6).log.at(-1)?.result).toBe(6);
});

test('a join behind the loop does not wait for a branch that does not run again', () => {
  const flow =
    step('start', all('work', 'side')) + loop('work', to('join')) + step('side', to('join')) + step('join');
  const story = new Story(flow).ends('start').loopEnds('work', [1, 2, 3]).ends('side').ends('join');
  expect(story.status).toBe('COMPLETED');
  again(story, 'work').loopEnds('work', [1, 2, 3]);
  expect(story.running).toEqual(['join']);
  story.ends('join');
  expect([story.status, story.count('step.enter', 'side')]).toEqual(['COMPLETED', 1]);
});

test('a failure elsewhere still fails the execution', () => {
  const flow = step('start', all('work', 'side')) + loop('work') + step('side');
  const story = new Story(flow).ends('start').loopEnds('work', [1, 2, 3]).ends('side', null, 'broken');
  expect(story.status).toBe('FAILED');
  expect(again(story, 'work').loopEnds('work', [1, 2, 3]).status).toBe('FAILED');
});

test('a step beside the loop that was cut off makes a redrive impossible', () => {
  const flow = step('start', all('work', 'side')) + loop('work') + step('side');
  const story = new Story(flow).ends('start').loopEnds('work', [1, 2, 3]);
  story.decide({ kind: 'cancel', reason: 'enough' });
  expect(() => again(story, 'work')).toThrow('"side" was cut off');
});

test('after a cancellation what follows from the loop counts as never entered', () => {
  const story = line().ends('start').loopEnds('work', [1, 2, 3]);
  const command_id = story.state.steps['after']?.command_id;
  story.decide({ kind: 'cancel', reason: 'enough' });
  again(story, 'work').fact({
    event_type: 'step.exit',
    node_name: 'after',
    status: 'COMPLETED',
    result: 1,
    command_id,
  });
  expect(story.running).toEqual(['work']);
});

test('an execution that runs is left alone', () => {
  const story = line().ends('start');
  expect(again(story, 'work').last.events).toEqual([]);
});

/** Given what has happened, when something comes, then what follows: loops, values, seed cases. */
import { describe, expect, test } from '@jest/globals';
import { arcs, step, Story, to } from './story.ts';

describe('loops', () => {
  const loop = (collection: string, spec = '{mode: parallel}', rest = ''): string =>
    `  - {step: start, loop: {in: ${collection}, iterator: item, spec: ${spec}}, tool: {kind: noop}${rest === '' ? '' : `, ${rest}`}}\n`;

  test.each([
    ['[1, 2, 3]', { kind: 'inline', items: [1, 2, 3] }],
    ["'{{ [1, 2] }}'", { kind: 'inline', items: [1, 2] }],
    ['4', { kind: 'range', start: 0, step: 1, count: 4 }],
    ["'{{ range(2, 1000000) }}'", { kind: 'range', start: 2, step: 1, count: 999_998 }],
    ['\'["a", "b"]\'', { kind: 'inline', items: ['a', 'b'] }],
    ['"[\'a\', None]"', { kind: 'inline', items: ['a', null] }],
    ["'one item'", { kind: 'inline', items: ['one item'] }],
    ['{a: 1}', { kind: 'inline', items: [{ key: 'a', value: 1 }] }],
    ['\'{"a": 1}\'', { kind: 'inline', items: [{ key: 'a', value: 1 }] }],
  ])('collection %s', (collection, frozen) => {
    expect(new Story(loop(collection)).last.loops[0]?.collection).toEqual(frozen);
  });

  test('the ids of all iterations are reserved right behind the event that opens the loop', () => {
    const story = new Story(loop('[1, 2, 3]'));
    const [opening] = story.last.loops;
    expect(BigInt(opening?.base_event_id ?? 0)).toBe(BigInt(opening?.loop_id ?? 0) + 1n);
    story.loopEnds('start', [1, 2, 3]);
    const done = story.log.find((event) => event.event_type === 'loop.done');
    expect(BigInt(done?.event_id ?? 0)).toBeGreaterThan(BigInt(opening?.base_event_id ?? 0) + 2n);
  });

  test('an empty collection is done at once, and the flow goes on', () => {
    const story = new Story(loop('[]', '{mode: parallel}', to('b')) + step('b'));
    expect([story.running, story.last.loops, story.count('loop.done')]).toEqual([['b'], [], 1]);
  });

  test.each(["'{{ missing }}'", 'true', "'{{ none }}'", '1.5'])('%s is not iterable', (collection) => {
    const story = new Story(loop(collection));
    expect(story.status).toBe('FAILED');
    expect(story.log.at(-1)).toMatchObject({ result: { error: { code: 'LOOP_NOT_ITERABLE' } } });
  });

  test('too many items are refused', () => {
    expect(new Story(loop("'{{ range(10000001) }}'")).log.at(-1)).toMatchObject({
      result: { error: { code: 'LOOP_TOO_LARGE' } },
    });
  });

  test('max_in_flight may be a template and must be a whole number', () => {
    expect(
      new Story(loop('[1]', "{mode: parallel, max_in_flight: '{{ 2 + 3 }}'}")).last.loops[0]?.max_in_flight,
    ).toBe(5);
    expect(new Story(loop('[1]', '{mode: parallel, max_in_flight: 0}')).status).toBe('FAILED');
  });

  test('its results are read by index, by name, and by length', () => {
    const when =
      "{{ event.name == 'loop.done' and start.results[1] == 7 and start.data | length == 2 and start.stats.total == 2 }}";
    expect(
      new Story(loop('[1, 2]', '{mode: parallel}', arcs(`{step: b, when: "${when}"}`)) + step('b')).loopEnds(
        'start',
        [5, 7],
      ).running,
    ).toEqual(['b']);
  });

  test('a loop that failed fails the execution', () => {
    expect(new Story(loop('[1, 2]')).loopEnds('start', [1, 2], 1).log.at(-1)).toMatchObject({
      result: { error: { code: 'LOOP_FAILED' } },
    });
  });

  test('the end of an earlier entry does not end this one', () => {
    const story = new Story(loop('[1]'));
    story.fact({
      event_type: 'loop.done',
      node_name: 'start',
      status: 'COMPLETED',
      loop_id: '3',
      result: { results: [], stats: {} },
    });
    expect(story.running).toEqual(['start']);
  });

  test('a collection that is stored stays where it is', () => {
    const ref = { kind: 'list', ref: 'noetl://100/list/4', count: 5000, bytes: 9 };
    const story = new Story(
      step('start', to('each')) +
        `  - {step: each, loop: {in: '{{ start.items }}', iterator: i}, tool: {kind: noop}}\n`,
    );
    story.ends('start', { items: { _ref: ref } });
    expect(story.last.loops[0]).toMatchObject({
      size: 5000,
      collection: { kind: 'ref', ref: ref.ref, count: 5000 },
      mode: 'sequential',
    });
  });
});

describe('values', () => {
  test('the request goes over the defaults, in all its spellings', () => {
    const payload = { a: 1, workload: { deep: { x: 2 } }, ctx: { c: 3 } };
    expect(new Story(step('start'), { workload: '{deep: {x: 0, y: 1}}', payload }).state.vars).toEqual({
      a: 1,
      c: 3,
      deep: { x: 2, y: 1 },
    });
  });

  test('defaults may refer to each other and to the request; what was sent is never rendered', () => {
    const payload = { who: '{{ 7 * 7 }}' };
    const story = new Story(step('start'), {
      workload: "{who: x, greeting: 'hi {{ who }}', shout: '{{ greeting | upper }}'}",
      payload,
    });
    expect(story.state.vars).toEqual({
      who: '{{ 7 * 7 }}',
      greeting: 'hi {{ 7 * 7 }}',
      shout: 'HI {{ 7 * 7 }}',
    });
  });

  test('defaults that refer to themselves stay as they are written', () => {
    const workload = "{a: '{{ a }} again', b: '{{ c }}!', c: '{{ b }}!', d: 1, e: '{{ d }}'}";
    expect(new Story(step('start'), { workload }).state.vars).toEqual({
      a: '{{ a }} again',
      b: '{{ c }}!',
      c: '{{ b }}!',
      d: 1,
      e: 1,
    });
  });

  test('a command carries only what its step can touch', () => {
    const story = new Story(step('start', "input: {a: '{{ workload.a }}'}"), { workload: '{a: 1, b: 2}' });
    expect(story.last.commands[0]?.context.vars).toEqual({ a: 1 });
  });

  test('looking into a stored value asks for it, and goes on when it is there', () => {
    const ref = 'noetl://100/value/4';
    const flow = step('start', arcs("{step: b, when: '{{ start.big.x == 1 }}'}")) + step('b');
    const stored = { big: { _ref: { kind: 'value', ref, count: 0, bytes: 9 } } };
    expect(() => new Story(flow).ends('start', stored)).toThrow(`needs ${ref}`);
    expect(new Story(flow, { values: { [ref]: { x: 1 } } }).ends('start', stored).running).toEqual(['b']);
  });
});

test('the step that ended last is known as result to the next', () => {
  const flow = step('start', to('b')) + step('b', "input: {r: '{{ result.n }}'}");
  const story = new Story(flow).ends('start', { n: 4 });
  expect(story.last.commands[0]?.context).toMatchObject({ last: 'start', steps: { start: { n: 4 } } });
});

describe('seed cases', () => {
  const seed = (cases: string, rest = ''): string =>
    `  - {step: start, tool: {kind: noop, args: {z: 1}}, case: [${cases}]${rest}}\n  - {step: b, tool: {kind: noop}}\n  - {step: c, tool: {kind: noop}}\n`;

  test('the first match routes with arguments, and the structural next is left alone', () => {
    const story = new Story(
      seed(
        "{when: \"{{ event.name == 'call.done' }}\", then: {next: [{step: b, args: {v: '{{ response.n }}'}}]}}",
        ', next: c',
      ),
    );
    story.ends('start', { n: 4 });
    expect([story.running, story.last.commands[0]?.context.args]).toEqual([['b'], { v: 4 }]);
  });

  test('without a match the structural next is followed', () => {
    expect(
      new Story(seed("{when: '{{ result.n > 9 }}', then: {next: b}}", ', next: c')).ends('start', { n: 4 })
        .running,
    ).toEqual(['c']);
  });

  test('a case that acts without routing stands for the structural next, too', () => {
    const acts = "{when: '{{ result.n == 4 }}', then: {set: {ctx.k: 1}}}";
    const story = new Story(seed(acts, ', next: c')).ends('start', { n: 4 });
    expect([story.running, story.status, story.state.vars['k']]).toEqual([[], 'COMPLETED', 1]);
  });

  test('what a case does with each item of a loop does not end the flow', () => {
    const sink = '{when: "{{ event.name == \'call.done\' }}", then: {sink: {kind: event_log}}}';
    const story = new Story(seed(sink, ', next: c, loop: {in: [1]}'));
    expect(story.loopEnds('start', [1]).running).toEqual(['c']);
  });

  test('a result that a case has put in place of a pipeline is read as it is', () => {
    const flow = `  - {step: start, tool: [{name: x, kind: noop}, {name: y, kind: noop}], case: [{when: true, then: {result: {from: '{{ start.y.n }}'}, next: b}}]}\n${step('b', "input: {r: '{{ start }}'}")}`;
    const story = new Story(flow).ends('start', { results: { x: 1, y: { n: 2 } }, last: 'y' });
    expect([story.state.values['start'], story.state.kinds['start']]).toEqual([2, undefined]);
  });

  test('set, result and fail', () => {
    const story = new Story(
      seed(
        "{when: \"{{ event.name == 'step.exit' }}\", then: [{set: {ctx.k: 5}}, {result: {from: '{{ result.n }}'}}, {next: b}]}",
      ),
    );
    story.ends('start', { n: 4 });
    expect([story.state.vars['k'], story.state.values['start'], story.running]).toEqual([5, 4, ['b']]);
    expect(
      new Story(seed("{when: true, then: {fail: {message: 'no way'}}}")).ends('start').log.at(-1)?.error,
    ).toContain('no way');
  });
});

/** Given what has happened, when something comes, then what follows: flow, joins, failures, facts. */
import { describe, expect, test } from '@jest/globals';
import { all, arcs, step, Story, to } from './story.ts';

describe('flow', () => {
  test('the entry step gets one command, and its event carries the same id', () => {
    const story = new Story(step('start'));
    expect(story.last.commands.map((command) => command.step)).toEqual(['start']);
    const issued = story.log.find((event) => event.event_type === 'command.issued');
    expect(issued?.command_id).toBe(story.last.commands[0]?.command_id);
  });

  test('a chain runs step after step and ends once', () => {
    const story = new Story(step('start', to('b')) + step('b', to('c')) + step('c'))
      .ends('start')
      .ends('b')
      .ends('c', 5);
    expect(story.status).toBe('COMPLETED');
    expect(story.log.at(-1)).toMatchObject({ event_type: 'playbook.completed', result: 5 });
    expect(story.count('playbook.completed')).toBe(1);
  });

  test('exclusive takes the first arc whose condition holds', () => {
    const story = new Story(
      step(
        'start',
        arcs("{step: b, when: '{{ start.n > 5 }}'}, {step: c, when: '{{ start.n > 1 }}'}, {step: d}"),
      ) +
        step('b') +
        step('c') +
        step('d'),
    );
    expect(story.ends('start', { n: 3 }).running).toEqual(['c']);
    expect(story.count('step.skipped')).toBe(2);
  });

  test('inclusive takes all that hold', () => {
    const more =
      'next: {spec: {mode: inclusive}, arcs: [{step: b, when: true}, {step: c, when: false}, {step: d}]}';
    expect(new Story(step('start', more) + step('b') + step('c') + step('d')).ends('start').running).toEqual([
      'b',
      'd',
    ]);
  });

  test('no arc that holds ends the execution well', () => {
    expect(new Story(step('start', arcs('{step: b, when: false}')) + step('b')).ends('start').status).toBe(
      'COMPLETED',
    );
  });

  test('an end that nobody has declared ends the branch that leads there', () => {
    const flow = step('start', arcs("{step: end, when: '{{ start.n == 1 }}'}, {step: b}")) + step('b');
    const story = new Story(flow).ends('start', { n: 1 });
    expect([story.status, story.log.at(-1)?.result]).toEqual(['COMPLETED', { n: 1 }]);
    expect(new Story(flow).ends('start', { n: 2 }).running).toEqual(['b']);
  });

  test('a step that only routes needs no worker', () => {
    const seed = '  - {step: start, next: b}\n  - {step: b, tool: {kind: noop}}\n';
    expect(new Story(seed).running).toEqual(['b']);
  });

  test('a guard that is false skips the step and what only it leads to', () => {
    const story = new Story(
      step('start', to('b')) + step('b', `when: '{{ false }}', ${to('c')}`) + step('c'),
    ).ends('start');
    expect([story.status, story.count('step.skipped')]).toEqual(['COMPLETED', 2]);
  });

  test('arc set is written before the target starts, and only when the arc is taken', () => {
    const story = new Story(
      step(
        'start',
        arcs("{step: b, when: false, set: {ctx.x: 1}}, {step: c, set: {ctx.x: '{{ start.n }}'}}"),
      ) +
        step('b') +
        step('c', "input: {x: '{{ x }}'}"),
    );
    story.ends('start', { n: 9 });
    expect(story.last.commands[0]?.context.vars).toEqual({ x: 9 });
  });

  test('step set sees the value of the step, arcs see what set wrote', () => {
    const story = new Story(
      step(
        'start',
        `set: {ctx.total: '{{ start.n + 1 }}'}, ${arcs("{step: b, when: '{{ ctx.total == 3 }}'}")}`,
      ) + step('b'),
    );
    expect(story.ends('start', { n: 2 }).running).toEqual(['b']);
  });
});

describe('joins', () => {
  const diamond = step('start', all('a', 'b')) + step('a', to('join')) + step('b', to('join')) + step('join');

  test('a join waits for every branch and runs once', () => {
    const story = new Story(diamond).ends('start').ends('a');
    expect(story.running).toEqual(['b']);
    expect(story.ends('b').running).toEqual(['join']);
    expect(story.ends('join').count('step.enter', 'join')).toBe(1);
  });

  test('a branch that was not taken does not hold up the join', () => {
    const flow =
      step('start', arcs('{step: a, when: true}, {step: b}')) +
      step('a', to('join')) +
      step('b', to('join')) +
      step('join');
    expect(new Story(flow).ends('start').ends('a').running).toEqual(['join']);
  });

  test('skips go through several steps to the join', () => {
    const flow =
      step('start', arcs('{step: a, when: true}, {step: b}')) +
      step('a', to('join')) +
      step('b', to('b2')) +
      step('b2', to('join')) +
      step('join');
    expect(new Story(flow).ends('start').ends('a').running).toEqual(['join']);
  });

  test('a back arc enters its target again, and the join behind it runs anew', () => {
    const flow =
      step('start').replace('}}\n', `}, ${to('fetch')}}\n`) +
      step('fetch', to('check')) +
      step('check', arcs("{step: fetch, when: '{{ check.more }}'}, {step: done}")) +
      step('done');
    const story = new Story(flow).ends('start').ends('fetch').ends('check', { more: true });
    expect(story.running).toEqual(['fetch']);
    story.ends('fetch').ends('check', { more: true }).ends('fetch').ends('check', { more: false });
    expect(story.running).toEqual(['done']);
    expect([story.count('step.enter', 'fetch'), story.count('step.skipped')]).toEqual([3, 0]);
    expect(story.ends('done').status).toBe('COMPLETED');
  });

  test('a join inside a cycle runs in every round', () => {
    const flow =
      step('start', all('a', 'b')) +
      step('a', to('join')) +
      step('b', to('join')) +
      step('join', arcs("{step: start, when: '{{ join.again }}'}"));
    const story = new Story(flow).ends('start').ends('a').ends('b').ends('join', { again: true });
    expect(story.running).toEqual(['start']);
    story.ends('start').ends('a');
    expect(story.running).toEqual(['b']);
    expect(story.ends('b').ends('join', { again: false }).status).toBe('COMPLETED');
    expect(story.count('step.enter', 'join')).toBe(2);
  });

  test('five hundred branches join once', () => {
    const names = Array.from({ length: 500 }, (_, index) => `s${String(index)}`);
    const story = new Story(
      step('start', all(...names)) + names.map((name) => step(name, to('join'))).join('') + step('join'),
    ).ends('start');
    for (const name of names) story.ends(name);
    expect([story.running, story.count('step.enter', 'join')]).toEqual([['join'], 1]);
  });
});

describe('failure', () => {
  test('fails the execution with the step and its error', () => {
    const story = new Story(step('start', to('b')) + step('b')).ends('start', null, 'boom');
    expect(story.status).toBe('FAILED');
    expect(story.log.at(-1)).toMatchObject({
      event_type: 'playbook.failed',
      result: { error: { code: 'CODE_EXCEPTION' } },
    });
    expect(story.log.at(-1)?.error).toContain('start');
  });

  test('what runs beside it may end, nothing new starts', () => {
    const story = new Story(step('start', all('a', 'b')) + step('a', to('c')) + step('b') + step('c'))
      .ends('start')
      .ends('b', null, 'boom');
    expect([story.status, story.running]).toEqual(['RUNNING', ['a']]);
    expect([story.ends('a').status, story.count('step.enter', 'c')]).toEqual(['FAILED', 0]);
  });

  test.each(["event.name == 'call.error'", "output.status == 'error'", 'error is not none'])(
    'an arc with %s handles it',
    (when) => {
      const story = new Story(
        step('start', arcs(`{step: b}, {step: c, when: "{{ ${when} }}"}`)) + step('b') + step('c'),
      ).ends('start', null, 'boom');
      expect(story.running).toEqual(['c']);
      expect(story.ends('c').status).toBe('COMPLETED');
    },
  );

  test('an arc without a look at the outcome does not', () => {
    expect(
      new Story(step('start', arcs("{step: b, when: '{{ true }}'}")) + step('b')).ends('start', null, 'boom')
        .status,
    ).toBe('FAILED');
  });

  test('a template that cannot be evaluated fails its step', () => {
    expect(new Story(step('start', `set: {ctx.x: '{{ 1 / 0 }}'}`)).ends('start').status).toBe('FAILED');
  });

  test('routing without end is stopped', () => {
    const seed =
      '  - {step: start, next: a}\n  - {step: a, next: b}\n  - {step: b, next: a}\n  - {step: c, args: {x: 1}, tool: {kind: noop}}\n';
    expect(new Story(seed).status).toBe('FAILED');
  });
});

describe('facts', () => {
  test('a fact told twice changes nothing', () => {
    const story = new Story(step('start', to('b')) + step('b'));
    const command_id = story.state.steps['start']?.command_id ?? '';
    story.ends('start');
    const before = story.state;
    story.fact({
      event_type: 'step.exit',
      node_name: 'start',
      status: 'COMPLETED',
      result: 'late',
      command_id,
    });
    expect(story.state).toEqual(before);
  });

  test('a fact of another command changes nothing', () => {
    const story = new Story(step('start'));
    story.fact({
      event_type: 'step.exit',
      node_name: 'start',
      status: 'COMPLETED',
      result: 1,
      command_id: '5',
    });
    expect(story.running).toEqual(['start']);
  });

  test('after the end nothing follows any more', () => {
    const story = new Story(step('start')).decide({ kind: 'cancel', reason: 'enough' });
    story.ends('start').decide({ kind: 'cancel', reason: 'again' });
    expect([story.status, story.count('execution.cancelled'), story.count('playbook.completed')]).toEqual([
      'CANCELLED',
      1,
      0,
    ]);
  });

  test('every prefix of the log folds to what was decided', () => {
    const story = new Story(
      step('start', all('a', 'b')) + step('a', to('join')) + step('b', to('join')) + step('join'),
    );
    story.ends('start').ends('b').ends('a').ends('join');
    expect(story.replayed()).toEqual(story.state);
    expect(JSON.parse(JSON.stringify(story.state))).toEqual(story.state);
  });

  test('a thousand steps in a chain', () => {
    const names = ['start', ...Array.from({ length: 999 }, (_, index) => `s${String(index)}`)];
    const story = new Story(
      names.map((name, index) => step(name, names[index + 1] ? to(names[index + 1] as string) : '')).join(''),
    );
    for (const name of names) story.ends(name);
    expect([story.status, story.count('step.exit')]).toEqual(['COMPLETED', 1000]);
  });
});

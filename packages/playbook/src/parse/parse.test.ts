/** Documents of both generations, and every way in which one can be wrong. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parsePlaybook, PlaybookError, type Playbook, type Step } from '../index.ts';

const HEAD = 'apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: n, path: a/b}\n';

function playbook(workflow: string, top = ''): Playbook {
  return parsePlaybook(`${HEAD}${top}workflow:\n${workflow}`).playbook;
}

function first(step: string, top = ''): Step {
  return playbook(`  - ${step}\n  - {step: b, tool: {kind: noop}}\n  - {step: c, tool: {kind: noop}}\n`, top)
    .steps[0] as Step;
}

const noop = (more: string): Step => first(`{step: a, tool: {kind: noop}, ${more}}`);
const tool = (more: string): Step => first(`{step: a, tool: ${more}}`);

describe('tools', () => {
  test.each<[string, string, object]>([
    [
      'a mapping',
      '{kind: python, code: x, input: {a: 1}}',
      { kind: 'python', name: 'a_task', config: { code: 'x' }, input: { a: 1 } },
    ],
    ['args', '{kind: python, args: {a: 1}}', { input: { a: 1 } }],
    ['input over args', '{kind: python, args: {a: 1, b: 2}, input: {a: 3}}', { input: { a: 3, b: 2 } }],
    ['an alias', '{kind: js, code: x}', { kind: 'javascript' }],
    [
      'keys inside spec',
      '{kind: http, spec: {url: u, method: GET, policy: {rules: []}}}',
      { config: { url: 'u', method: 'GET' } },
    ],
    ['a timeout', '{kind: python, timeout: 5}', { timeout: 5 }],
    ['a named task', '[{name: fetch, kind: http, url: u}]', { name: 'fetch', config: { url: 'u' } }],
    ['a short task', '[{fetch: {kind: http, url: u}}]', { name: 'fetch', kind: 'http' }],
    ['a task without a name', '[{kind: http}]', { name: 'task_1' }],
  ])('%s', (_, text, expected) => {
    expect(tool(text).tasks[0]).toMatchObject(expected);
  });

  test('as text, with its keys beside it', () => {
    expect(first('{step: a, tool: python, code: x, args: {i: 1}, next: b}')).toMatchObject({
      pipeline: false,
      input: {},
      tasks: [{ kind: 'python', config: { code: 'x' }, input: { i: 1 } }],
    });
  });

  test('a list is a pipeline', () => {
    expect(tool('[{name: x, kind: noop}, {name: y, kind: noop}]')).toMatchObject({
      pipeline: true,
      tasks: [{ name: 'x' }, { name: 'y' }],
    });
  });

  test('a workbook entry is put in its place; the step wins', () => {
    const top = 'workbook: [{name: greet, tool: {kind: python, code: x, input: {a: 1, b: 2}}}]\n';
    expect(
      first('{step: a, tool: {kind: workbook, name: greet, input: {b: 3}}}', top).tasks[0],
    ).toMatchObject({ kind: 'python', config: { code: 'x' }, input: { a: 1, b: 3 } });
  });
});

describe('rules', () => {
  test.each<[string, object]>([
    [
      '{when: "{{ x }}", then: {do: retry, attempts: 5, backoff: exponential, delay: 1.0}}',
      { when: '{{ x }}', do: 'retry', attempts: 5, backoff: 'exponential', delay: 1 },
    ],
    ['{when: true, then: {do: fail}}', { when: true, do: 'fail' }],
    ['{else: {then: {do: continue, set: {ctx.x: 1}}}}', { do: 'continue', set: { x: 1 } }],
    ['{else: {do: break, set: {iter.y: 1}}}', { do: 'break', set: { 'iter.y': 1 } }],
    ['{else: null, then: {do: jump, to: a_task}}', { do: 'jump', to: 'a_task' }],
    ['{when: x, then: {set: {ctx.a: 1}}}', { when: 'x', do: 'continue', set: { a: 1 } }],
  ])('%s', (text, expected) => {
    const [task] = tool(`{kind: noop, spec: {policy: {rules: [${text}]}}}`).tasks;
    expect(task?.rules).toEqual([{ set: {}, ...expected }]);
  });
});

describe('next', () => {
  const arc = (step: string, more = {}): object => ({ step, set: {}, args: {}, ...more });

  test.each<[string, object]>([
    ['next: b', { mode: 'inclusive', arcs: [arc('b')] }],
    ['next: [b, c]', { mode: 'inclusive', arcs: [arc('b'), arc('c')] }],
    ['next: [{step: b, args: {x: 1}}]', { mode: 'inclusive', arcs: [arc('b', { args: { x: 1 } })] }],
    [
      'next: {arcs: [{step: b, when: "{{ x }}", set: {ctx.y: 1}}]}',
      { mode: 'exclusive', arcs: [arc('b', { when: '{{ x }}', set: { y: 1 } })] },
    ],
    ['next: {arcs: [{step: b, cond: x}]}', { mode: 'exclusive', arcs: [arc('b', { when: 'x' })] }],
    [
      'next: {spec: {mode: inclusive, on_no_match: quiet}, arcs: []}',
      { mode: 'inclusive', on_no_match: 'quiet', arcs: [] },
    ],
    ['desc: nothing', { mode: 'exclusive', arcs: [] }],
  ])('%s', (text, expected) => {
    expect(noop(text).next).toEqual(expected);
  });
});

describe('loops', () => {
  test.each<[string, object]>([
    ['{in: [1], iterator: i}', { in: [1], iterator: 'i', mode: 'sequential', on_error: 'fail' }],
    [
      '{in: "{{ x }}", iterator: i, spec: {mode: parallel, max_in_flight: 3, policy: {on_error: continue}}}',
      { mode: 'parallel', max_in_flight: 3, on_error: 'continue' },
    ],
    [
      '{in: x, mode: async, max_in_flight: "{{ n }}"}',
      { iterator: 'item', mode: 'parallel', max_in_flight: '{{ n }}' },
    ],
    ['{collection: x, element: e}', { in: 'x', iterator: 'e' }],
    [
      '{cursor: {kind: postgres, auth: a, claim: SELECT 1}, iterator: row, spec: {mode: cursor, frame: {max_rows: 5, process: frame}}}',
      {
        cursor: { kind: 'postgres', config: { auth: 'a', query: 'SELECT 1' }, max_rows: 5, process: 'frame' },
      },
    ],
    [
      '{in: x, spec: {policy: {exec: local, tolerated_failure: {count: 2, percent: 10}}}}',
      { exec: 'local', tolerated: { count: 2, percent: 10 } },
    ],
  ])('%s', (text, expected) => {
    expect(noop(`loop: ${text}`).loop).toMatchObject(expected);
  });
});

describe('cases', () => {
  test('as mapping and as list, with every action', () => {
    const text =
      'case: [{when: "{{ x }}", then: {next: b, set: {ctx.k: 1}}}, {when: true, then: [{result: {from: r}}, {sink: {tool: {kind: postgres}}}, {fail: {message: m}}, {call: [{step: c}]}], else: {log: hi}}]';
    const [one, two] = noop(text).cases;
    expect(one).toEqual({
      when: '{{ x }}',
      then: [
        { do: 'next', arcs: [{ step: 'b', set: {}, args: {} }] },
        { do: 'set', set: { k: 1 } },
      ],
      else: [],
    });
    expect(two?.then.map((action) => action.do)).toEqual(['result', 'sink', 'fail', 'call']);
    expect(two?.else).toEqual([{ do: 'log', message: 'hi' }]);
  });
});

test('set as a list of names and values', () => {
  const text = "case: [{when: true, then: {set: [{name: ctx.a, value: '{{ x }}'}, {name: b, value: 2}]}}]";
  expect(noop(text).cases[0]?.then).toEqual([{ do: 'set', set: { a: '{{ x }}', b: 2 } }]);
});

describe('documents', () => {
  test.each([
    ['executor: {spec: {entry_step: b}}\n', 'b'],
    ['', 'start'],
  ])('the entry step, with %j', (top, entry) => {
    expect(
      playbook('  - {step: b, tool: {kind: noop}}\n  - {step: start, tool: {kind: noop}}\n', top).entry_step,
    ).toBe(entry);
  });

  test('without start, the first step', () => {
    expect(playbook('  - {step: x, tool: {kind: noop}}\n').entry_step).toBe('x');
  });

  test('generation, path, workload, long numbers', () => {
    const canonical = playbook(
      '  - {step: start, tool: {kind: noop}, next: {arcs: []}}\n',
      'workload: {id: 589035483489895087, n: 1}\nvars: {v: 2}\n',
    );
    expect(canonical).toMatchObject({
      generation: 'canonical',
      path: 'a/b',
      workload: { id: '589035483489895087', n: 1, v: 2 },
    });
    expect(playbook('  - {step: start, tool: {kind: noop, args: {a: 1}}}\n').generation).toBe('seed');
  });

  test('JSON is YAML', () => {
    const text = JSON.stringify({
      kind: 'Playbook',
      metadata: { name: 'j' },
      workflow: [{ step: 'start', tool: { kind: 'noop' } }],
    });
    expect(parsePlaybook(text).playbook).toMatchObject({ name: 'j', path: 'j' });
  });

  test.each([
    ['spec: {policy: {limit: reports}}', 'reports'],
    ['spec: {policy: {concurrency_key: "tenant-{{ t }}"}}', 'tenant-{{ t }}'],
    ['spec: {concurrency_key: k}', 'k'],
    ['spec: {policy: {}}', undefined],
  ])('the limit of a step: %s', (text, limit) => {
    expect(noop(text).limit).toBe(limit);
  });

  test('an admission rule becomes one condition', () => {
    expect(
      noop(
        'spec: {policy: {admit: {rules: [{when: "{{ x }}", then: {allow: false}}, {else: {then: {allow: true}}}]}}}',
      ).admit,
    ).toBe('false if (x) else true');
    expect(noop('when: "{{ y }}"').admit).toBe('{{ y }}');
  });

  test('misspelt keys are kept out and told', () => {
    const { warnings } = parsePlaybook(
      `${HEAD}workflow:\n  - step: start\n    tool: {kind: noop}\n    nxt: end\n`,
    );
    expect(warnings).toEqual([
      expect.objectContaining({
        code: 'KEY_UNKNOWN',
        hint: 'Did you mean "next"?',
        place: { path: 'workflow[0].nxt', line: 7, column: 5 },
      }),
    ]);
  });
});

describe('faults', () => {
  const faults = (text: string): unknown[] => {
    try {
      parsePlaybook(text);
    } catch (error) {
      if (error instanceof PlaybookError)
        return error.faults.map(({ code, place }) => [code, place.path, place.line]);
      throw error;
    }
    return [];
  };
  const steps = (text: string): string => `${HEAD}workflow:\n${text}`;

  test.each<[string, string, unknown[]]>([
    ['not a mapping', '- 1', [['PLAYBOOK_INVALID', '', 1]]],
    ['nothing', '', [['PLAYBOOK_INVALID', '', 1]]],
    ['broken YAML', `${HEAD}workflow: [\n  a: {`, [['YAML_SYNTAX', undefined, 5]]],
    ['no workflow', HEAD, [['PLAYBOOK_INVALID', '', 1]]],
    ['an empty workflow', `${HEAD}workflow: []`, [['PLAYBOOK_INVALID', 'workflow', 4]]],
    ['another kind', 'kind: Credential\nmetadata: {name: x}', [['PLAYBOOK_KIND', 'kind', 1]]],
    ['a step without a name', steps('  - {tool: {kind: noop}}'), [['PLAYBOOK_INVALID', 'workflow[0]', 5]]],
    ['a step that is text', steps('  - start'), [['PLAYBOOK_INVALID', 'workflow[0]', 5]]],
    ['no tool', steps('  - {step: start}'), [['TOOL_REQUIRED', 'workflow[0]', 5]]],
    [
      'a tool without a kind',
      steps('  - {step: start, tool: {code: x}}'),
      [['TOOL_REQUIRED', 'workflow[0].tool', 5]],
    ],
    [
      'an unknown kind',
      steps('  - step: start\n    tool:\n      kind: htpp'),
      [['TOOL_KIND_UNKNOWN', 'workflow[0].tool.kind', 7]],
    ],
    [
      'two steps of one name',
      steps('  - {step: a, tool: {kind: noop}}\n  - {step: a, tool: {kind: noop}}'),
      [['STEP_DUPLICATE', 'workflow[1].step', 6]],
    ],
    [
      'two tasks of one name',
      steps('  - {step: a, tool: [{name: t, kind: noop}, {name: t, kind: noop}]}'),
      [['STEP_DUPLICATE', 'workflow[0].tool[1]', 5]],
    ],
    [
      'an unknown target',
      steps('  - {step: a, tool: {kind: noop}, next: nope}'),
      [['STEP_UNKNOWN', 'workflow[0].next', 5]],
    ],
    [
      'conditions in a list',
      steps('  - {step: a, tool: {kind: noop}, next: [{when: x, then: [{step: a}]}]}'),
      [['NEXT_FORM', 'workflow[0].next[0]', 5]],
    ],
    [
      'an unknown router mode',
      steps('  - {step: a, tool: {kind: noop}, next: {spec: {mode: both}, arcs: []}}'),
      [['NEXT_FORM', 'workflow[0].next.spec.mode', 5]],
    ],
    [
      'a loop over nothing',
      steps('  - {step: a, loop: {iterator: i}, tool: {kind: noop}}'),
      [['PLAYBOOK_INVALID', 'workflow[0].loop', 5]],
    ],
    [
      'an unknown loop mode',
      steps('  - {step: a, loop: {in: x, mode: paralel}, tool: {kind: noop}}'),
      [['PLAYBOOK_INVALID', 'workflow[0].loop', 5]],
    ],
    [
      'a broken template',
      steps("  - step: a\n    tool:\n      kind: http\n      url: '{{ a b }}'"),
      [['TEMPLATE_SYNTAX', 'workflow[0].tool.url', 8]],
    ],
    [
      'an unknown action',
      steps('  - {step: a, tool: {kind: noop, spec: {policy: {rules: [{when: true, then: {do: retyr}}]}}}}'),
      [['PLAYBOOK_INVALID', 'workflow[0].tool.spec.policy.rules[0].then.do', 5]],
    ],
    [
      'an unknown workbook entry',
      steps('  - {step: a, tool: {kind: workbook, name: x}}'),
      [['PLAYBOOK_INVALID', 'workflow[0].tool.name', 5]],
    ],
    [
      'an unknown entry step',
      `${HEAD}executor: {spec: {entry_step: x}}\nworkflow: [{step: a, tool: {kind: noop}}]`,
      [['STEP_UNKNOWN', 'executor.spec.entry_step', 4]],
    ],
    [
      'a forbidden key',
      steps('  - {step: a, tool: {kind: noop, input: {__proto__: 1}}}'),
      [['KEY_FORBIDDEN', 'workflow[0].tool.input.__proto__', 5]],
    ],
    [
      'too many aliases',
      `a: &a [x]\nb: &b [${'*a, '.repeat(15)}]\nc: &c [${'*b, '.repeat(15)}]\nd: [${'*c, '.repeat(15)}]`,
      [['YAML_LIMIT', undefined, 4]],
    ],
    [
      'too deep',
      `${HEAD}workload: ${'{a: '.repeat(80)}1${'}'.repeat(80)}`,
      [['YAML_LIMIT', expect.any(String), 4]],
    ],
    ['bottomless brackets', `a: ${'['.repeat(200_000)}`, [['YAML_LIMIT', undefined, 1]]],
    [
      'a misspelt on_error',
      steps('  - {step: a, loop: {in: x, spec: {policy: {on_error: contineu}}}, tool: {kind: noop}}'),
      [['PLAYBOOK_INVALID', 'workflow[0].loop', 5]],
    ],
    ['too large', `${HEAD}# ${'x'.repeat(1_100_000)}`, [['YAML_LIMIT', undefined, 1]]],
    [
      'newlines stripped by curl',
      steps('  - step: a\n    tool: {kind: noop}\n').replaceAll('\n', ''),
      [['YAML_NEWLINES_LOST', undefined, 1]],
    ],
    [
      'several at once',
      steps('  - {step: a, tool: {kind: pyhton}, next: x}\n  - {step: a, tool: {kind: noop}}'),
      [
        ['TOOL_KIND_UNKNOWN', 'workflow[0].tool.kind', 5],
        ['STEP_UNKNOWN', 'workflow[0].next', 5],
        ['STEP_DUPLICATE', 'workflow[1].step', 6],
      ],
    ],
  ])('%s', (_, text, expected) => {
    expect(faults(text)).toEqual(expected);
  });

  test.each([
    ['kind: pyton', 'Did you mean "python"?'],
    ['kind: postgress', 'Did you mean "postgres"?'],
  ])('%s: %s', (kind, hint) => {
    expect(() => parsePlaybook(steps(`  - {step: a, tool: {${kind}}}`))).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(hint) as unknown }),
    );
  });

  test('of thousands of faults a hundred are told, soon', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => `k${String(index)}: 1\n`).join('');
    expect(parsePlaybook(`${many}${steps('  - {step: a, tool: {kind: noop}}')}`).warnings).toHaveLength(100);
  });

  test('code may hold braces of its own', () => {
    expect(faults(steps('  - {step: a, tool: {kind: python, code: \'x = f"{{ a b }}"\'}}'))).toEqual([]);
  });
});

const OTHERS = fileURLToPath(new URL('../../../../../shared/playbooks', import.meta.url));
const whereOthersAre = existsSync(OTHERS) ? test : test.skip; // the folder of playbooks by others is beside the project

whereOthersAre('every playbook that others wrote is understood', () => {
  const files = readdirSync(OTHERS, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.ya?ml$/.test(file),
  );
  const refused = files.filter((file) => {
    try {
      return parsePlaybook(readFileSync(join(OTHERS, file), 'utf8')).playbook.steps.length === 0;
    } catch {
      return true;
    }
  });
  expect([files.length > 50, refused]).toEqual([true, []]);
});

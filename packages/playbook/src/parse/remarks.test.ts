/** Warnings and faults about parts that would be dropped, never reached, or read as something else. */
import { describe, expect, test } from '@jest/globals';
import { parsePlaybook, PlaybookError, type Diagnostic } from '../index.ts';

const HEAD = 'apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: n}\nworkflow:\n';

function remarks(text: string): { faults: Diagnostic[]; warnings: Diagnostic[] } {
  try {
    return { faults: [], warnings: parsePlaybook(text).warnings };
  } catch (error) {
    if (error instanceof PlaybookError) return error;
    throw error;
  }
}

const seen = (list: Diagnostic[]): unknown[] => list.map(({ code, place }) => [code, place.path]);
const NOOP = 'tool: {kind: noop}';
const rules = (text: string): string => `{kind: noop, spec: {policy: {rules: [${text}]}}}`;

describe('warnings', () => {
  test.each<[string, string, unknown[]]>([
    [
      'rules beside a tool as text',
      '- {step: a, tool: python, code: x, spec: {policy: {rules: [{else: {do: fail}}]}}}',
      [['RULES_IGNORED', 'workflow[0].spec.policy.rules']],
    ],
    [
      'rules without spec',
      '- {step: a, tool: {kind: noop, rules: []}}',
      [['RULES_IGNORED', 'workflow[0].tool.rules']],
    ],
    [
      'a rule after else',
      `- {step: a, tool: ${rules('{else: {do: continue}}, {when: x, then: {do: fail}}')}}`,
      [['RULE_UNREACHABLE', 'workflow[0].tool.spec.policy.rules[1]']],
    ],
    [
      'a kind that nobody knows',
      '- {step: a, tool: {kind: zzzzzzzz}}',
      [['TOOL_KIND_UNKNOWN', 'workflow[0].tool.kind']],
    ],
    [
      'an end that is not declared',
      `- {step: a, ${NOOP}, next: {arcs: [{step: end, when: x}, {step: b}]}}\n- {step: b, ${NOOP}, next: end}`,
      [
        ['STEP_UNKNOWN', 'workflow[0].next.arcs[0].step'],
        ['STEP_UNKNOWN', 'workflow[1].next'],
      ],
    ],
    [
      'rules that stand in `policy` itself',
      `- {step: a, tool: {kind: noop, spec: {policy: [{when: x}]}}}`,
      [],
    ],
    [
      'misspelt keys of a rule',
      `- {step: a, tool: ${rules('{when: x, thn: 1, then: {do: fail, wen: 2}}')}}`,
      [
        ['KEY_UNKNOWN', 'workflow[0].tool.spec.policy.rules[0].thn'],
        ['KEY_UNKNOWN', 'workflow[0].tool.spec.policy.rules[0].then.wen'],
      ],
    ],
    ['else at the end', `- {step: a, tool: ${rules('{when: x, then: {do: fail}}, {else: null}')}}`, []],
    [
      'an iterator with the name of a step',
      `- {step: a, ${NOOP}, loop: {in: x, iterator: b}, next: b}\n- {step: b, ${NOOP}}`,
      [['ITERATOR_SHADOWS', 'workflow[0].loop.iterator']],
    ],
    [
      'steps nobody leads to, though they lead to each other',
      `- {step: a, ${NOOP}}\n- {step: b, ${NOOP}, next: c}\n- {step: c, ${NOOP}, next: b}`,
      [
        ['STEP_UNREACHABLE', 'workflow[1].step'],
        ['STEP_UNREACHABLE', 'workflow[2].step'],
      ],
    ],
    [
      'steps that cases lead to',
      `- {step: a, ${NOOP}, case: [{when: x, then: [{next: [{step: b}]}], else: {call: {step: c}}}]}\n- {step: b, ${NOOP}}\n- {step: c, ${NOOP}}`,
      [],
    ],
  ])('%s', (_, workflow, expected) => {
    const { faults, warnings } = remarks(`${HEAD}${workflow}\n`);
    expect([seen(faults), seen(warnings)]).toEqual([[], expected]);
  });
});

describe('faults', () => {
  const WHEN = 'TEMPLATE_SYNTAX';
  test.each<[string, string, unknown[]]>([
    ['a condition of a step', `- {step: a, ${NOOP}, when: "x =="}`, [[WHEN, 'workflow[0].when']]],
    [
      'a condition of an arc',
      `- {step: a, ${NOOP}, next: {arcs: [{step: a, cond: "x &&"}]}}`,
      [[WHEN, 'workflow[0].next.arcs[0].cond']],
    ],
    [
      'a condition of a rule',
      `- {step: a, tool: ${rules('{when: "(x", then: {do: fail}}')}}`,
      [[WHEN, 'workflow[0].tool.spec.policy.rules[0].when']],
    ],
    [
      'a condition of a case',
      `- {step: a, ${NOOP}, case: [{when: "x ==", then: {next: a}}]}`,
      [[WHEN, 'workflow[0].case[0].when']],
    ],
    [
      'a condition of admission',
      `- {step: a, ${NOOP}, spec: {policy: {admit: {rules: [{when: "x ==", then: {allow: true}}]}}}}`,
      [[WHEN, 'workflow[0].spec.policy.admit.rules[0].when']],
    ],
    ['good conditions without braces', `- {step: a, ${NOOP}, when: "output.status == 'ok'"}`, []],
    [
      'a tool whose args are a list',
      '- {step: a, tool: {kind: noop, args: [1]}}',
      [['PLAYBOOK_INVALID', 'workflow[0].tool.args']],
    ],
    [
      'a jump without a target',
      `- {step: a, tool: ${rules('{when: x, then: {do: jump}}')}}`,
      [['STEP_UNKNOWN', 'workflow[0].tool.spec.policy.rules[0].then.do']],
    ],
    ['a jump to the previous task', `- {step: a, tool: ${rules('{when: x, do: jump, to: previous}')}}`, []],
    [
      'a jump from a short task',
      `- {step: a, tool: [{t: ${rules('{else: {do: jump, to: u}}')}}]}`,
      [['STEP_UNKNOWN', 'workflow[0].tool[0].t.spec.policy.rules[0].else.to']],
    ],
    [
      'an unknown step in a case',
      `- {step: a, ${NOOP}, case: [{when: x, then: [{next: [{step: b}]}]}]}`,
      [['STEP_UNKNOWN', 'workflow[0].case[0].then[0].next[0].step']],
    ],
    [
      'text as the input of a workbook entry',
      `- {step: a, tool: {kind: workbook, name: w, input: x}}\nworkbook: [{name: w, ${NOOP}}]`,
      [['PLAYBOOK_INVALID', 'workflow[0].tool.input']],
    ],
  ])('%s', (_, workflow, expected) => {
    expect(seen(remarks(`${HEAD}${workflow}\n`).faults)).toEqual(expected);
  });

  test('every unquoted template, with other faults', () => {
    const text = `${HEAD}  - step: a\n    tool: {kind: htpp, url: {{ x }}}\n    set: {b: {{ y | default("z") }}, c: 1}\n`;
    const { faults } = remarks(text);
    expect(faults.map(({ code, hint }) => [code, hint])).toEqual([
      ['TOOL_KIND_UNKNOWN', 'Did you mean "http"?'],
      ['TEMPLATE_SYNTAX', 'Quote the template: "{{ x }}".'],
      ['TEMPLATE_SYNTAX', `Quote the template: '{{ y | default("z") }}'.`],
    ]);
  });
});

describe('text', () => {
  test.each<[string, string, string | undefined]>([
    ['a size in bytes', `${HEAD}  - {step: a, ${NOOP}}\n# ${'ü'.repeat(600_000)}`, 'YAML_LIMIT'],
    ['lost newlines without apiVersion', 'metadata:  name: nworkflow:  - step: a', 'YAML_NEWLINES_LOST'],
    ['lost newlines after a comment', '# mykind: Playbookmetadata:  name: n', 'YAML_NEWLINES_LOST'],
    ['one line that lacks metadata', `workflow: [{step: a, ${NOOP}}]`, 'PLAYBOOK_INVALID'],
    ['dashes without end', '- '.repeat(50_000), 'YAML_LIMIT'],
    ['questions without end', '? '.repeat(50_000), 'YAML_LIMIT'],
    ['a line under a title', `# ${'-'.repeat(600)} x\n${HEAD}  - {step: a, ${NOOP}}\n`, undefined],
  ])('%s', (_, text, code) => {
    expect(remarks(text).faults[0]?.code).toBe(code);
  });
});

test('the output of a tool is kept', () => {
  const text = `${HEAD}  - {step: a, tool: {kind: noop, output: {store: x}}}\n`;
  expect(parsePlaybook(text).playbook.steps[0]?.tasks[0]?.output).toEqual({ store: 'x' });
});

describe('spellings', () => {
  const step = (text: string) => parsePlaybook(`${HEAD}- ${text}\n`).playbook.steps[0];

  test.each([
    ['{when: x, then: fail}', { do: 'fail' }],
    ['{when: x, then: [{do: retry}, {set: {ctx.n: 1}}]}', { do: 'retry', set: { n: 1 } }],
  ])('rule %s', (text, expected) => {
    expect(step(`{step: a, tool: ${rules(text)}}`)?.tasks[0]?.rules[0]).toMatchObject(expected);
  });

  test.each([
    ['[{name: n, value: 1}]', { n: 1 }],
    ['[{ctx.n: 1}, {m: 2}]', { n: 1, m: 2 }],
  ])('set %s', (text, expected) => {
    expect(step(`{step: a, ${NOOP}, set: ${text}}`)?.set).toEqual(expected);
  });

  test('a kind and a mode in capitals', () => {
    const parsed = step('{step: a, tool: {kind: Python}, loop: {in: [1], mode: Parallel}}');
    expect([parsed?.tasks[0]?.kind, parsed?.loop?.mode]).toEqual(['python', 'parallel']);
  });

  test('a template that gives all inputs', () => {
    const parsed = step(
      "{step: a, tool: {kind: noop, input: '{{ x }}'}, next: [{step: a, args: '{{ y }}'}]}",
    );
    expect([parsed?.tasks[0]?.input, parsed?.next.arcs[0]?.args]).toEqual([
      { '**': '{{ x }}' },
      { '**': '{{ y }}' },
    ]);
  });

  test('a case with else alone', () => {
    expect(step(`{step: a, ${NOOP}, case: [{else: {then: {log: x}}}]}`)?.cases).toEqual([
      { when: false, then: [], else: [{ do: 'log', message: 'x' }] },
    ]);
  });
});

/** The tables behind the attacks by input. */

export interface Body {
  name: string;
  path: string;
  type: string;
  text: () => string;
  status: number;
}

const JSON_TYPE = 'application/json';
const EXECUTE = '/api/execute';
const REGISTER = '/api/catalog/register';
const HEAD = 'apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: pwned, path: pwned}\n';
const LONG = 2 * 1024 * 1024;
const DEEP = 100_000;

const nested = (open: string, close: string, depth: number): string =>
  open.repeat(depth) + '1' + close.repeat(depth);

/** [name, text of the payload, status] */
const PAYLOADS: [string, () => string, number][] = [
  ['two megabytes', () => JSON.stringify({ a: 'x'.repeat(LONG) }), 413],
  [
    'a million keys',
    () => `{${Array.from({ length: 200_000 }, (_, index) => `"k${String(index)}":1`).join()}}`,
    413,
  ],
  ['mappings without bottom', () => nested('{"a":', '}', DEEP), 400],
  ['lists without bottom', () => nested('[', ']', DEEP), 400],
  ['100 levels', () => nested('{"a":', '}', 100), 400],
  ['__proto__', () => '{"__proto__": {"pollution": 1}}', 400],
  ['__proto__ below', () => '{"a": [{"b": {"__proto__": {"pollution": 1}}}]}', 400],
  ['__proto__ in escapes', () => '{"\\u005f_proto__": {"pollution": 1}}', 400],
  ['constructor', () => '{"constructor": {"prototype": {"pollution": 1}}}', 400],
  ['prototype', () => '{"prototype": 1}', 400],
  ['U+0000', () => '{"a": "\\u0000"}', 400],
  ['no JSON', () => "{'a': 1}", 400],
  ['a comment', () => '{"a": 1 /* x */}', 400],
  ['NaN', () => '{"a": NaN}', 400],
  ['a list', () => '[1]', 400],
  ['a number', () => '1', 400],
  ['text', () => '"{}"', 400],
];

/** Requests to start something. */
export const BODIES: readonly Body[] = [
  ...PAYLOADS.map(([name, payload, status]): Body => ({
    name: `payload of ${name}`,
    path: EXECUTE,
    type: JSON_TYPE,
    text: () => `{"path": "pwned", "payload": ${payload()}}`,
    status,
  })),
  ...['/api/credentials', '/api/schedules', '/api/limits/x'].flatMap((path) =>
    (['__proto__', 'lists without bottom'] as const).map((name): Body => ({
      name,
      path: path === '/api/limits/x' ? EXECUTE : path,
      type: JSON_TYPE,
      text: () => (name === '__proto__' ? '{"data": {"__proto__": {"a": 1}}}' : nested('[', ']', DEEP)),
      status: 400,
    })),
  ),
  ...[
    'image/png',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
    'application/xml',
    'application/zip',
  ].map((type): Body => ({
    name: `JSON that says it is ${type}`,
    path: EXECUTE,
    type,
    text: () => '{"path": "pwned"}',
    status: 415,
  })),
  {
    name: 'a charset that nobody knows',
    path: EXECUTE,
    type: `${JSON_TYPE}; charset=x-none`,
    text: () => '{}',
    status: 415,
  },
  {
    name: 'an id without its digits',
    path: EXECUTE,
    type: JSON_TYPE,
    text: () => '{"catalog_id": 589035483489895087}',
    status: 400,
  },
  {
    name: 'a webhook that is no URL of HTTP',
    path: EXECUTE,
    type: JSON_TYPE,
    text: () => '{"path": "pwned", "webhook": {"url": "file:///etc/passwd"}}',
    status: 404,
  },
  ...['image/png', 'text/html', 'multipart/form-data; boundary=x'].map((type): Body => ({
    name: `a playbook that says it is ${type}`,
    path: REGISTER,
    type,
    text: () => HEAD,
    status: 415,
  })),
];

const aliases = (levels: number): string =>
  Array.from({ length: levels }, (_, level) => {
    const items = level === 0 ? 'x' : Array.from({ length: 10 }, () => `*a${String(level - 1)}`).join(', ');
    return `  k${String(level)}: &a${String(level)} [${items}]`;
  }).join('\n');

/** Documents that are no playbooks to keep. */
export const PLAYBOOKS: readonly Body[] = (
  [
    ['two megabytes', () => HEAD + 'x'.repeat(LONG), 413],
    ['a bomb of aliases', () => `${HEAD}workload:\n${aliases(10)}\nworkflow: []`, 400],
    ['an alias of itself', () => `${HEAD}workload: &a {b: *a}\nworkflow: []`, 400],
    ['lists without bottom', () => `${HEAD}workload: ${nested('[', ']', DEEP)}`, 400],
    ['mappings without bottom', () => `${HEAD}workload: ${nested('{a: ', '}', DEEP)}`, 400],
    ['dashes without bottom', () => `${HEAD}workload:\n${'- '.repeat(DEEP)}1`, 400],
    ['100 levels', () => `${HEAD}workload: ${nested('{a: ', '}', 100)}\nworkflow: []`, 400],
    [
      '__proto__',
      () => `${HEAD}workload: {__proto__: {pollution: 1}}\nworkflow: [{step: a, tool: {kind: noop}}]`,
      400,
    ],
    [
      'constructor',
      () => `${HEAD}workload: {constructor: {prototype: 1}}\nworkflow: [{step: a, tool: {kind: noop}}]`,
      400,
    ],
    [
      '__proto__ in quotes',
      () => `${HEAD}workload: {"\\x5f_proto__": 1}\nworkflow: [{step: a, tool: {kind: noop}}]`,
      400,
    ],
    [
      '__proto__ by a merge',
      () => `${HEAD}x: &x {__proto__: 1}\nworkload: {<<: *x}\nworkflow: [{step: a, tool: {kind: noop}}]`,
      400,
    ],
    ['a tag of JavaScript', () => `${HEAD}workload: !!js/function 'function () {}'\nworkflow: []`, 400],
    ['a tag of Python', () => `${HEAD}workload: !!python/object/apply:os.system [id]\nworkflow: []`, 400],
    ['two documents', () => `${HEAD}workflow: []\n---\n${HEAD}`, 400],
    [
      'a step named __proto__',
      () => `${HEAD}workflow: [{step: __proto__, tool: {kind: noop}}, {step: __proto__, tool: {kind: noop}}]`,
      400,
    ],
    [
      'a template of brackets',
      () =>
        `${HEAD}workflow: [{step: a, tool: {kind: noop, input: {a: "{{ ${nested('(', ')', 20_000)} }}"}}}]`,
      422,
    ],
    [
      'a template of blanks',
      () => `${HEAD}workflow: [{step: a, tool: {kind: noop, input: {a: "{{ x }}${' '.repeat(400_000)}y"}}}]`,
      422,
    ],
    [
      'a template of tests',
      () =>
        `${HEAD}workflow: [{step: a, tool: {kind: noop, input: {a: "{{ a ${'is b(a '.repeat(20_000)} }}"}}}]`,
      422,
    ],
    [
      'nothing but braces',
      () => `${HEAD}workflow: [{step: a, tool: {kind: noop, input: {a: "${'{{'.repeat(200_000)}"}}}]`,
      400,
    ],
    ['a binary file', () => '\0\u0001\u0002\u0003'.repeat(1_000), 400],
    ['no text', () => ' ', 400],
  ] as [string, () => string, number][]
).map(([name, text, status]) => ({ name, path: REGISTER, type: 'application/yaml', text, status }));

/** Requests as bytes; HOST is the api's. */
export const HEADS: Readonly<Record<string, string>> = {
  'a header of 100 KiB': `GET /api/health HTTP/1.1\r\nHost: HOST\r\nX: ${'x'.repeat(100_000)}\r\nConnection: close\r\n\r\n`,
  'a path of 100 KiB': `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n`,
  '10,000 headers': `GET /api/health HTTP/1.1\r\nHost: HOST\r\n${'A: 1\r\n'.repeat(10_000)}Connection: close\r\n\r\n`,
  'two lengths':
    'POST /api/execute HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\n{}',
  'a length and chunks':
    'POST /api/execute HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n',
  'a length below zero': 'POST /api/execute HTTP/1.1\r\nHost: HOST\r\nContent-Length: -1\r\n\r\n{}',
  'a chunk that is none':
    'POST /api/execute HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
  'a line feed in a header':
    'GET /api/executions HTTP/1.1\r\nHost: HOST\r\nX: a\0b\r\nConnection: close\r\n\r\n',
  'no host': 'GET /api/executions HTTP/1.1\r\nConnection: close\r\n\r\n',
  'a foreign host': 'GET /api/executions HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
  'a foreign origin':
    'GET /api/executions HTTP/1.1\r\nHost: HOST\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n',
  'no HTTP': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
};

const wide = 'workflow:\n';

/** Playbooks that would never end, or make too much. */
export const WORKFLOWS: Readonly<Record<string, string>> = {
  'a loop of a thousand million items': `${wide}- step: a\n  loop: {in: "{{ range(1000000000) }}", iterator: i}\n  tool: {kind: noop}`,
  'a template without end': `${wide}- {step: a, tool: {kind: noop, input: {x: "{% for i in range(10 ** 9) %}{% endfor %}"}}}`,
  'a text without end': `${wide}- {step: a, tool: {kind: noop, input: {x: "{{ 'x' * 10 ** 9 }}"}}}`,
  'a list without end': `${wide}- {step: a, tool: {kind: noop, input: {x: "{{ [1] | batch(10 ** 12, 1) }}"}}}`,
  'a condition without end': `${wide}- {step: a, when: "{{ range(10 ** 9) | sum > 1 }}", tool: {kind: noop}}`,
  'steps that go round': `${wide}- {step: a, next: {arcs: [{step: b}]}}\n- {step: b, next: {arcs: [{step: a}]}}`,
  'a result of 20 MiB': `${wide}- {step: a, tool: {kind: python, code: "result = 'x' * (20 << 20)"}}`,
  'a result without bottom': `${wide}- step: a\n  tool:\n    kind: python\n    code: |\n      result = []\n      for i in range(5000): result = [result]`,
  'a variable named __proto__': `${wide}- {step: a, tool: {kind: noop}, set: {"{{ '__proto__' }}": 1, ctx.__proto__.x: 1}}`,
  'an expression of code': `${wide}- {step: a, tool: {kind: noop, input: {x: "{{ ''.constructor.constructor('return process')() }}"}}}`,
};

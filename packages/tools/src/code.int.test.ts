/** Python and JavaScript steps in real runner processes: what code may look like, and what may go wrong. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { JsonObject } from '@noetl/protocol';
import { MemoryValues, runBatch, told, type RunOptions } from './harness.ts';
import { createToolbox, type Toolbox, type ToolItem } from './index.ts';

let toolbox: Toolbox;

beforeAll(() => {
  toolbox = createToolbox({ runners: 2 });
});

afterAll(async () => {
  await toolbox.close();
});

const run = async (
  kind: string,
  code: string,
  inputs: JsonObject[],
  options?: RunOptions,
): Promise<unknown[]> => told(await runBatch(toolbox, kind, code, inputs, options));

describe('python: ways to give a result', () => {
  test.each<[string, string, JsonObject, unknown]>([
    ['result', 'result = x * 2', { x: 2 }, 4],
    ['top-level return', 'if x:\n  return {"x": x}\nresult = 1', { x: 2 }, { x: 2 }],
    [
      'return after helpers that read names',
      'def f():\n  return y + x\ny = 4\nif x: return f()',
      { x: 2 },
      6,
    ],
    ['main by name', 'def main(x, missing=3):\n  return x + missing', { x: 2 }, 5],
    ['main with context', 'def main(context):\n  return context["workload"]["a"]', {}, 1],
    ['main with everything', 'def main(**kwargs):\n  return sorted(kwargs)', { b: 1, a: 2 }, ['a', 'b']],
    ['async main', 'async def main(x):\n  return x', { x: 2 }, 2],
    ['result wins over main', 'result = 1\ndef main():\n  return 2', {}, 1],
    ['main wins over an empty result', 'result = None\ndef main():\n  return 2', {}, 2],
    [
      'an input called result',
      'result["seen"] = True\ndef main(result):\n  return result',
      { result: { a: 1 } },
      { a: 1, seen: true },
    ],
    ['nothing', 'print("hi")', {}, { status: 'success', stdout: 'hi\n' }],
    ['none', 'result = None', {}, null],
    [
      'comprehensions and helpers share one namespace',
      'n = 3\ndef f(i): return i * n\nresult = [f(i) for i in range(n)]',
      {},
      [0, 3, 6],
    ],
    ['input_data and args', 'result = [input_data["x"], args["x"], x]', { x: 1 }, [1, 1, 1]],
    [
      'names that need no import',
      'result = [json.dumps(1), os.sep, str(uuid.UUID(int=0))[:4], datetime.date(2020, 1, 2).isoformat()]',
      {},
      ['1', '/', '0000', '2020-01-02'],
    ],
    ['execution_id', 'result = execution_id', {}, '7'],
    ['earlier steps in context', 'result = context["before"]', {}, 5],
  ])('%s', async (_, code, input, expected) => {
    expect(await run('python', code, [input])).toEqual([expected]);
  });

  test('base64, inline script, libs', async () => {
    const encoded = { code_b64: Buffer.from('result = 1').toString('base64') };
    expect(await run('python', '', [{}], { config: encoded })).toEqual([1]);
    expect(
      await run('python', '', [{}], {
        config: { script: { source: { type: 'inline', code: 'result = 2' } } },
      }),
    ).toEqual([2]);
    const libs = { m: 'math', up: { from: 'string', import: 'ascii_uppercase' } };
    expect(await run('python', 'result = [m.floor(2.5), up[:3]]', [{}], { config: { libs } })).toEqual([
      [2, 'ABC'],
    ]);
    const listed = { libs: ['math', 'os.path', { s: 'string' }] };
    const code = 'result = [math.floor(2.5), os.path.basename("a/b"), s.digits[:2]]';
    expect(await run('python', code, [{}], { config: listed })).toEqual([[2, 'b', '01']]);
  });
});

describe('python: results as JSON', () => {
  test.each<[string, string, unknown]>([
    [
      'dates and decimals',
      'import decimal\nresult = [datetime.datetime(2020, 1, 1), decimal.Decimal("1.5")]',
      ['2020-01-01T00:00:00', '1.5'],
    ],
    ['nan and infinity', 'result = [float("nan"), float("inf"), 1.5]', [null, null, 1.5]],
    ['sets and tuples', 'result = {"s": {2, 1}, "t": (1, 2)}', { s: [1, 2], t: [1, 2] }],
    ['keys that are no text', 'result = {1: "a", None: "b", True: "c"}', { '1': 'c', null: 'b' }],
    ['objects', 'class A:\n  def __str__(self): return "an A"\nresult = A()', 'an A'],
    ['bytes', 'result = b"hi"', 'aGk='],
    ['unicode', 'result = "ü 😀 \\t\\n"', 'ü 😀 \t\n'],
    ['text that looks like an escape', 'result = "\\\\u0000"', '\\u0000'],
    ['U+0000', 'result = "a\\x00b"', 'RESULT_NOT_STORABLE'],
    ['a lone surrogate', 'result = "\\ud800"', 'RESULT_NOT_STORABLE'],
    ['too deep', 'result = []\nfor i in range(300): result = [result]', 'RESULT_NOT_STORABLE'],
    ['too large', 'result = "x" * (11 * 1024 * 1024)', 'RESULT_TOO_LARGE'],
    ['an iterator', 'result = (i for i in range(3))', [0, 1, 2]],
  ])('%s', async (_, code, expected) => {
    expect(await run('python', code, [{}])).toEqual([expected]);
  });
});

describe.each([
  [
    'python',
    {
      set: 'result = x',
      fail: 'raise ValueError("no")',
      die: 'import os\nif x == 2: os._exit(3)\nresult = x',
      hang: 'while x == 2: pass\nresult = x',
      leak: 'import builtins\nresult = "left" in globals()\nleft = 1',
      print: 'print("hi", x)\nresult = x',
      badly: 'def (',
    },
  ],
  [
    'javascript',
    {
      set: 'return x',
      fail: 'throw new RangeError("no")',
      die: 'if (x === 2) { const deep = () => deep() + deep(); new Array(2 ** 28).fill({}).map(() => new Array(1000).fill(1)); } return x',
      hang: 'while (x === 2) {} return x',
      leak: 'const seen = typeof globalThis.left !== "undefined"; globalThis.left = 1; return seen',
      print: 'console.log("hi", x); return x',
      badly: 'let = ;',
    },
  ],
])('%s: items', (kind, code) => {
  const three = [{ x: 1 }, { x: 2 }, { x: 3 }];

  test('come back in order, many of them', async () => {
    const inputs = Array.from({ length: 3_000 }, (_, x) => ({ x }));
    expect(await run(kind, code.set, inputs)).toEqual(inputs.map(({ x }) => x));
  });

  test('are apart: what one leaves, the next does not find', async () => {
    expect(await run(kind, code.leak, three)).toEqual([false, false, false]);
  });

  test('print into their own outcome', async () => {
    expect((await runBatch(toolbox, kind, code.print, three)).map(({ stdout }) => stdout)).toEqual([
      'hi 1\n',
      'hi 2\n',
      'hi 3\n',
    ]);
  });

  test('fail with type, message and line, and the others go on', async () => {
    const [outcome] = await runBatch(toolbox, kind, `\n${code.fail}`, [{}]);
    expect(outcome).toMatchObject({
      status: 'error',
      error: { code: 'CODE_EXCEPTION', details: { line: 2 } },
    });
    expect(outcome?.status === 'error' && outcome.error.message).toMatch(
      /^(ValueError|RangeError): no \(line 2\)$/,
    );
  });

  test('that cannot be compiled say so', async () => {
    expect(await run(kind, code.badly, [{}])).toEqual(['CODE_SYNTAX']);
  });

  test('that take too long cost themselves, not their neighbours', async () => {
    expect(await run(kind, code.hang, three, { environment: { timeout_ms: 300 } })).toEqual([
      1,
      'TOOL_TIMEOUT',
      3,
    ]);
  });

  test('stop at the first failure when told to, and nothing after it has run', async () => {
    const pulled: number[] = [];
    function* items(): Generator<ToolItem> {
      for (let x = 1; x <= 5; x += 1) {
        pulled.push(x);
        yield { input: { x }, idempotency_key: 'k', attempt: 1 };
      }
    }
    const failing =
      kind === 'python' ? 'assert x != 2\nresult = x' : 'if (x === 2) throw new Error("two"); return x';
    const outcomes = await run(kind, failing, [], {
      batch: { items: items(), stop_on_error: true, lookahead: 1 },
    });
    expect([outcomes, pulled]).toEqual([
      [1, 'CODE_EXCEPTION'],
      [1, 2],
    ]);
  });

  test('are aborted by the signal', async () => {
    const abort = new AbortController();
    const running = run(kind, code.hang, three, { environment: { signal: abort.signal } });
    abort.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });

  test('read small stored lists as lists, large ones page by page', async () => {
    const values = new MemoryValues();
    const numbers = Array.from({ length: 25_000 }, (_, index) => index);
    const inputs = [{ small: values.stored([1, 2, 3]), large: values.stored(numbers) }];
    const read =
      kind === 'python'
        ? 'result = [small, len(large), large[0], large[-1], large[5:7], sum(large), 24999 in large, type(small).__name__]'
        : 'let sum = 0; for (const n of large) sum += n; return [small, large.length, large[0], large.at(-1), large.slice(5, 7), sum, large.filter((n) => n === 24999).length === 1, "list"]';
    expect(await run(kind, read, inputs, { environment: { values } })).toEqual([
      [[1, 2, 3], 25_000, 0, 24_999, [5, 6], 312_487_500, true, 'list'],
    ]);
  });

  test('that return a stored list return its reference', async () => {
    const values = new MemoryValues();
    const large = values.stored(Array.from({ length: 25_000 }, () => 1));
    expect(
      await run(kind, kind === 'python' ? 'result = x' : 'return x', [{ x: large }], {
        environment: { values },
      }),
    ).toEqual([large]);
  });

  test('of a step stream large lists out page by page; the rest stays', async () => {
    const values = new MemoryValues();
    const make =
      kind === 'python'
        ? 'result = {"n": 1, "few": [1, 2], "items": [{"i": i, "pad": "x" * 50} for i in range(30000)]}'
        : 'return { n: 1, few: [1, 2], items: Array.from({ length: 30000 }, (_, i) => ({ i, pad: "x".repeat(50) })) }';
    const [value] = (await run(kind, make, [{}], { environment: { values, stream: true } })) as [
      { items: { _ref: { ref: string; count: number } } },
    ];
    expect(value).toMatchObject({ n: 1, few: [1, 2], items: { _ref: { count: 30_000 } } });
    expect(values.lists.get(value.items._ref.ref)?.[29_999]).toEqual({ i: 29_999, pad: 'x'.repeat(50) });
    expect(Math.max(...values.pages)).toBeLessThanOrEqual(1_000);
  });
});

test('a python process that ends costs the item it was on', async () => {
  const inputs = Array.from({ length: 20 }, (_, index) => ({ x: index }));
  const outcomes = await run('python', 'import os\nif x in (2, 15): os._exit(3)\nresult = x', inputs);
  expect(outcomes).toEqual(inputs.map(({ x }) => ([2, 15].includes(x) ? 'RUNNER_CRASHED' : x)));
});

test('output without end is cut', async () => {
  const [outcome] = await runBatch(
    toolbox,
    'python',
    'for i in range(100000): print("x" * 100)\nresult = 1',
    [{}],
  );
  expect(outcome?.stdout.length).toBeLessThan(70_000);
  expect(outcome?.stdout).toContain('output cut');
});

test('print never disturbs the protocol, whatever is written where', async () => {
  const code =
    'import sys, os\nos.write(1, b"raw")\nos.system("echo shell")\nprint("err", file=sys.stderr)\nresult = 1';
  expect(await runBatch(toolbox, 'python', code, [{}])).toMatchObject([
    { status: 'ok', text: '1', stdout: 'err\n' },
  ]);
});

test("the runner holds nothing of the worker's environment", async () => {
  process.env['NOETL_TEST_SECRET'] = 'hush';
  expect(await run('python', 'result = os.environ.get("NOETL_TEST_SECRET")', [{}])).toEqual([null]);
});

test('javascript code reaches neither files nor processes', async () => {
  expect(await run('javascript', 'return [typeof process, typeof require]', [{}])).toEqual([
    ['undefined', 'undefined'],
  ]);
});

test('two batches run side by side, a third waits its turn', async () => {
  const sleepy = 'import time\ntime.sleep(0.05)\nresult = x';
  const all = await Promise.all([1, 2, 3].map((x) => run('python', sleepy, [{ x }])));
  expect(all).toEqual([[1], [2], [3]]);
});

test('a language that is not installed fails every item clearly, without trying again and again', async () => {
  const other = createToolbox({ runners: 1, python: { program: '/nowhere/python3', reads: [] } });
  expect(told(await runBatch(other, 'python', 'result = 1', [{}, {}, {}]))).toEqual(
    Array(3).fill('TOOL_UNAVAILABLE'),
  );
  await other.close();
});

test("noop, missing code, and the seed's status: error", async () => {
  expect(await run('noop', '', [{}, {}], { config: { result: { a: 1 } } })).toEqual([{ a: 1 }, { a: 1 }]);
  expect(await run('python', '', [{}], { config: { code: null } })).toEqual(['TOOL_CONFIG']);
  const soft = 'result = {"status": "error", "message": "soft"}';
  expect(await run('python', soft, [{}], { environment: { error_status: true } })).toEqual(['TOOL_FAILED']);
  expect(await run('python', soft, [{}])).toEqual([{ status: 'error', message: 'soft' }]);
});

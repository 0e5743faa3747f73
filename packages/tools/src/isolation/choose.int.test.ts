/** Which isolation a worker gets here: what was asked for, or a refusal; and what the processes in it are. */
import { existsSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { runBatch, told } from '../harness.ts';
import { createToolbox, prepareIsolation, type IsolationWishes, type Toolbox } from '../index.ts';
import { DEFAULT_LIMITS } from './isolation.ts';
import { seccompFilter } from './seccomp.ts';

const wishes: IsolationWishes = { level: 'process', accounts: 'off', limits: DEFAULT_LIMITS, paths: [] };
/** An interpreter that every account may run. */
const PYTHON = '/usr/bin/python3';
const onLinux = existsSync('/usr/bin/setpriv') && existsSync(PYTHON) ? test : test.skip;
const asRoot = existsSync('/usr/bin/setpriv') && process.getuid?.() === 0 ? test : test.skip;

let toolbox: Toolbox | undefined;

afterEach(async () => {
  await toolbox?.close();
  toolbox = undefined;
});

async function inLevel(wanted: Partial<IsolationWishes>, kind: string, code: string, config = {}) {
  const prepared = await prepareIsolation({ ...wishes, ...wanted }, PYTHON);
  toolbox = createToolbox({ ...prepared, runners: 1, allowed: ['shell'] });
  const [value] = told(await runBatch(toolbox, kind, code, [{}], { config }));
  return { isolation: prepared.isolation, value };
}

const refused = async (wanted: Partial<IsolationWishes>): Promise<unknown> =>
  prepareIsolation({ ...wishes, ...wanted }, PYTHON).catch((error: unknown) => error);

test('what does not work is refused, with what to do', async () => {
  const error = { code: 'ISOLATION_UNAVAILABLE', hint: expect.stringMatching(/NOETL_ISOLATION|pod/) };
  expect(await refused({ level: 'gvisor' })).toMatchObject(error);
  expect(await refused({ network: false })).toMatchObject(error);
});

onLinux('a process gains nothing by other programs, and has limits', async () => {
  const code = `
import resource
status = open("/proc/self/status").read()
result = [status.split("NoNewPrivs:")[1].split()[0], resource.getrlimit(resource.RLIMIT_CORE)[1], resource.getrlimit(resource.RLIMIT_DATA)[1], os.getsid(0) == os.getpid(), sorted(os.environ)]`;
  const { isolation, value } = await inLevel({}, 'python', code);
  const data = DEFAULT_LIMITS.memoryMb * 1024 * 1024;
  expect(value).toEqual(['1', 0, data, true, ['LANG', 'PATH']]);
  expect(isolation.gaps).toContain('code has the account of the worker');
});

asRoot('accounts: neither that of the worker nor that of another runner, without rights', async () => {
  const code = `
status = open("/proc/self/status").read()
result = [os.getuid(), os.getgroups(), status.split("CapEff:")[1].split()[0], os.getcwd() == os.environ["HOME"], oct(os.stat(".").st_mode)]`;
  const { isolation, value } = await inLevel({ accounts: { first: 60_600, last: 60_610 } }, 'python', code);
  expect(value).toEqual([expect.any(Number), [], '0000000000000000', true, '0o40700']);
  const [uid] = value as [number];
  expect(uid).toBeGreaterThanOrEqual(60_600);
  expect(uid).toBeLessThanOrEqual(60_610);
  expect(isolation.gaps).toEqual(['code reaches the network']);
});

asRoot('accounts: commands of one call share their scratch folder', async () => {
  const config = { cmds: ['echo text > file', 'cat file'] };
  const { value } = await inLevel({ accounts: 'auto' }, 'shell', '', config);
  expect(value).toMatchObject({ stdout: 'text\n' });
});

asRoot('accounts: what leaves its group ends with the command', async () => {
  const config = {
    cmds: ['setsid sleep 987654321 > /dev/null 2>&1 & sleep 0.2', 'pgrep -f 98765432[1] || echo none'],
  };
  const { value } = await inLevel({ accounts: 'auto' }, 'shell', '', config);
  expect(value).toMatchObject({ stdout: 'none\n' });
});

test('a runner is not handed on to another playbook', async () => {
  toolbox = createToolbox({ runners: 1 });
  const box = toolbox;
  const context = {
    execution_id: '7',
    catalog_id: '1',
    vars: {},
    steps: {},
    step_kinds: {},
    args: {},
    payload: {},
  };
  const run = async (path: string, code: string): Promise<unknown[]> =>
    told(await runBatch(box, 'python', code, [{}], { environment: { context: { ...context, path } } }));
  const pid = 'result = os.getpid()';
  const [first] = await run('one', pid);
  expect(await run('one', pid)).toEqual([first]);
  const others = await Promise.all(['two', 'three', 'two'].map((path) => run(path, pid)));
  expect(new Set([first, ...others.flat()]).size).toBeGreaterThanOrEqual(3);
  expect(others.flat()).not.toContain(first);
});

test('tools of the worker are refused until they are allowed', async () => {
  toolbox = createToolbox({ runners: 1 });
  for (const kind of ['shell', 'container']) {
    const config = { cmd: 'true', image: 'busybox' };
    expect(told(await runBatch(toolbox, kind, '', [{}], { config }))).toEqual(['TOOL_FORBIDDEN']);
  }
});

test('the filter is made of whole instructions, for the architectures that are known', () => {
  for (const architecture of ['x64', 'arm64']) {
    expect((seccompFilter(architecture)?.length ?? 1) % 8).toBe(0);
  }
  expect(seccompFilter('riscv64')).toBeUndefined();
});

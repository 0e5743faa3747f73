/** Containers: what engines and clusters are asked for, and what is said where there is none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { JsonObject } from '@noetl/protocol';
import { engineOnPath, runArguments } from './container/engine.ts';
import { jobEnd, jobManifest, podState } from './container/job.ts';
import { clusterAround } from './container/kubernetes.ts';
import type { ContainerSpec } from './container/spec.ts';
import { runBatch } from './harness.ts';
import { createToolbox, type Toolbox } from './index.ts';

let toolbox: Toolbox;
let dir: string;
const path = process.env['PATH'];

beforeAll(() => {
  toolbox = createToolbox({ runners: 1, allowed: ['container'] });
  dir = mkdtempSync(join(tmpdir(), 'container-'));
});

afterAll(async () => {
  process.env['PATH'] = path;
  await toolbox.close();
  rmSync(dir, { recursive: true });
});

const outcome = async (config: JsonObject) =>
  (await runBatch(toolbox, 'container', '', [{ a: 1 }], { config }))[0];

const spec: ContainerSpec = {
  name: 'noetl-1',
  image: 'alpine:3',
  command: ['/bin/sh', '-c', 'cat'],
  args: ['x y'],
  env: { TOKEN: 'secret', PATH: '/bin', LD_PRELOAD: '/x.so' },
  cpu: 0.5,
  memory: 268_435_456,
  timeoutS: 60,
  input: '{"a":"$(HOME)"}',
};

test('the command line: limits, variables by name, the program after the image', () => {
  expect(runArguments(spec)).toEqual([
    'run',
    '--rm',
    '--interactive',
    '--name=noetl-1',
    '--label=noetl=step',
    '--security-opt=no-new-privileges',
    '--cpus=0.5',
    '--memory=268435456b',
    '--env=TOKEN',
    '--env=PATH=/bin',
    '--env=LD_PRELOAD=/x.so',
    '--entrypoint=/bin/sh',
    'alpine:3',
    '-c',
    'cat',
    'x y',
  ]);
});

test('the job: one pod, one attempt, no token, and text that Kubernetes does not expand', () => {
  expect(jobManifest(spec)).toMatchObject({
    metadata: { name: 'noetl-1' },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: 60,
      template: {
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          containers: [
            {
              image: 'alpine:3',
              command: ['/bin/sh', '-c', 'cat'],
              args: ['x y'],
              env: expect.arrayContaining([
                { name: 'NOETL_INPUT', value: '{"a":"$$(HOME)"}' },
                { name: 'TOKEN', value: 'secret' },
              ]),
              resources: { limits: { cpu: '0.5', memory: '268435456' } },
            },
          ],
        },
      },
    },
  });
});

test('what a job and its pod say', () => {
  const condition = (type: string, more = {}) => ({
    status: { conditions: [{ type, status: 'True', ...more }] },
  });
  expect(jobEnd({ status: { active: 1 } })).toBeUndefined();
  expect(jobEnd(condition('Complete'))).toEqual({ failed: false, reason: '' });
  expect(jobEnd(condition('Failed', { reason: 'DeadlineExceeded', message: 'm' }))).toEqual({
    failed: true,
    reason: 'DeadlineExceeded: m',
  });
  const pods = (state: JsonObject) => ({
    items: [{ metadata: { name: 'p' }, status: { containerStatuses: [{ state }] } }],
  });
  expect(podState({ items: [] })).toBeUndefined();
  expect(podState(pods({ running: {} }))).toEqual({ name: 'p' });
  expect(podState(pods({ terminated: { exitCode: 3 } }))).toEqual({ name: 'p', exit_code: 3 });
  expect(podState(pods({ waiting: { reason: 'ContainerCreating' } }))).toEqual({ name: 'p' });
  expect(podState(pods({ waiting: { reason: 'ErrImagePull', message: 'no' } }))).toEqual({
    name: 'p',
    hopeless: 'ErrImagePull: no',
  });
});

test('a cluster is around where its address and token are', () => {
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  expect(clusterAround(env, dir)).toBeUndefined();
  writeFileSync(join(dir, 'token'), 't');
  expect(clusterAround({}, dir)).toBeUndefined();
  expect(clusterAround(env, dir)).toEqual({ url: 'https://[fd00::1]:6443', account: dir });
});

test('docker goes before podman, wherever they are', () => {
  for (const engine of ['docker', 'podman']) writeFileSync(join(dir, engine), '', { mode: 0o755 });
  expect(engineOnPath(`/nowhere:${dir}`)).toBe(join(dir, 'docker'));
  rmSync(join(dir, 'docker'));
  expect(engineOnPath(dir)).toBe(join(dir, 'podman'));
  expect(engineOnPath('')).toBeUndefined();
});

describe('a step', () => {
  test.each<[string, JsonObject, string]>([
    ['no image', {}, '`image`'],
    ['an image that is an option', { image: '--privileged' }, '`image`'],
    ['cpu', { image: 'a', resources: { cpu: 'many' } }, '`resources.cpu`'],
    ['memory', { image: 'a', resources: { limits: { memory: '1 horse' } } }, '`resources.memory`'],
    ['a name of a variable', { image: 'a', env: { 'A=B': 1 } }, '`env`'],
    ['a time', { image: 'a', timeout_seconds: 'long' }, '`timeout_seconds`'],
  ])('refused: %s', async (_, config, key) => {
    const error = { code: 'TOOL_CONFIG', message: expect.stringContaining(key) };
    expect(await outcome(config)).toMatchObject({ status: 'error', error });
  });

  test('an image that cannot be had, or an engine that does not run', async () => {
    const refused = await outcome({ image: 'noetl.invalid/none:1', timeout_seconds: 30 });
    const codes = ['TOOL_UNAVAILABLE', 'TOOL_FAILED'];
    expect(refused).toMatchObject({
      status: 'error',
      error: { code: expect.stringMatching(codes.join('|')) },
    });
  });

  test('without an engine it says what to install', async () => {
    process.env['PATH'] = dir;
    rmSync(join(dir, 'podman'), { force: true });
    const error = { code: 'TOOL_UNAVAILABLE', message: expect.stringContaining('docker') };
    expect(await outcome({ image: 'alpine' })).toMatchObject({ status: 'error', error });
  });
});

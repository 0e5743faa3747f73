/** Configuration, periodic work, and a real process that is told to stop. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { ConfigError, createLog, every, loadConfig } from './index.ts';

const NEEDED = { DATABASE_URL: 'postgres://x', NATS_URL: 'nats://x' };
const log = createLog({ name: 'test', level: 'error', format: 'json' });

describe('configuration', () => {
  test('has defaults, and is frozen', () => {
    const config = loadConfig(NEEDED, false);
    expect(config).toMatchObject({
      port: 8082,
      host: '127.0.0.1',
      workerSlots: 2,
      logFormat: 'json',
      nats: { url: 'nats://x' },
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test.each([
    [{}, { port: 9464, optional: true }],
    [{ NOETL_METRICS_PORT: '0' }, { port: 0, optional: false }],
    [{ NOETL_METRICS_PORT: '9500' }, { port: 9500, optional: false }],
    [{ NOETL_METRICS_PORT: 'off' }, 'off'],
  ])('metrics: %j', (more, metricsPort) => {
    expect(loadConfig({ ...NEEDED, ...more }, false)).toMatchObject({ metricsPort });
  });

  test.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }, false],
  ])('traces: %j', (more, traces) => {
    expect(loadConfig({ ...NEEDED, ...more }, false)).toMatchObject({ traces });
  });

  const ADMIN = 'a'.repeat(32);
  const OIDC = {
    NOETL_OIDC_ISSUER: 'https://login.example.com',
    NOETL_OIDC_AUDIENCE: 'noetl',
    NOETL_OIDC_ROLES: 'admins=admin',
  };

  test.each([
    [{}, { on: false }],
    [{ NOETL_AUTH: 'on' }, { on: true }],
    [{ NOETL_ADMIN_TOKEN: ADMIN }, { on: true, adminToken: ADMIN }],
    [{ NOETL_ADMIN_TOKEN: ADMIN, NOETL_AUTH: 'off' }, { on: false }],
    [OIDC, { on: true, oidc: { audience: ['noetl'], rolesClaim: 'roles', nameClaim: 'sub' } }],
  ])('authentication: %j', (more, auth) => {
    expect(loadConfig({ ...NEEDED, ...more }, false)).toMatchObject({ auth });
  });

  test.each([
    [{ NATS_URL: 'nats://x' }, 'DATABASE_URL'],
    [{ ...NEEDED, NOETL_AUTH: 'perhaps' }, 'NOETL_AUTH'],
    [{ ...NEEDED, NOETL_ADMIN_TOKEN: 'short' }, 'NOETL_ADMIN_TOKEN'],
    [{ ...NEEDED, NOETL_ADMIN_TOKEN_FILE: '/none' }, 'NOETL_ADMIN_TOKEN_FILE'],
    [{ ...NEEDED, ...OIDC, NOETL_OIDC_AUDIENCE: '' }, 'NOETL_OIDC_AUDIENCE'],
    [{ ...NEEDED, ...OIDC, NOETL_OIDC_ROLES: '' }, 'NOETL_OIDC_ROLES'],
    [{ ...NEEDED, ...OIDC, NOETL_OIDC_ISSUER: 'http://login.example.com' }, 'NOETL_OIDC_ISSUER'],
    [{ ...NEEDED, NOETL_AUDIT_RETENTION_DAYS: '0' }, 'NOETL_AUDIT_RETENTION_DAYS'],
    [{ ...NEEDED, NOETL_PORT: '99999' }, 'NOETL_PORT'],
    [{ ...NEEDED, NOETL_METRICS_PORT: 'some' }, 'NOETL_METRICS_PORT'],
    [{ ...NEEDED, NOETL_WORKER_SLOTS: 'many' }, 'NOETL_WORKER_SLOTS'],
    [{ ...NEEDED, NOETL_LOG_LEVEL: 'loud' }, 'NOETL_LOG_LEVEL'],
    [{ ...NEEDED, NOETL_LEASE_MS: '5000', NOETL_HEARTBEAT_MS: '3000' }, 'NOETL_LEASE_MS'],
    [{ ...NEEDED, NOETL_WORKER_POOL: 'a.b' }, 'NOETL_WORKER_POOL'],
    [{ ...NEEDED, NOETL_RETENTION_DAYS: '0' }, 'NOETL_RETENTION_DAYS'],
    [{ ...NEEDED, NOETL_RETENTION_DAYS: '1.5' }, 'NOETL_RETENTION_DAYS'],
    [{ ...NEEDED, NOETL_KV_RETENTION_DAYS: '0' }, 'NOETL_KV_RETENTION_DAYS'],
  ])('%j names %s', (source, variable) => {
    expect(() => loadConfig(source, false)).toThrow(ConfigError);
    expect(() => loadConfig(source, false)).toThrow(variable);
  });
});

describe('periodic work', () => {
  test('never overlaps, outlives its errors, and ends with stop', async () => {
    let [running, rounds, overlapped] = [0, 0, false];
    let enough: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (enough = resolve));
    const service = every(
      'test',
      1,
      async () => {
        running += 1;
        overlapped ||= running > 1;
        rounds += 1;
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        if (rounds === 5) enough();
        if (rounds === 2) throw new Error('once');
      },
      { log },
    );
    await service.start();
    const alive = setInterval(() => undefined, 1_000);
    await done;
    clearInterval(alive);
    await service.stop();
    const after = rounds;
    await service.stop();
    expect([overlapped, rounds]).toEqual([false, after]);
  });
});

describe('a process', () => {
  const program = `
    const { runServices, createLog } = await import('@noetl/service');
    const service = (name) => ({ name, start: async () => console.log('start ' + name), stop: async () => { console.log('stop ' + name); if (name === process.env.HANG) await new Promise(() => setInterval(() => {}, 1000)); } });
    await runServices([service('a'), service('b'), { name: 'ready', start: async () => console.log('ready'), stop: async () => {} }], { log: createLog({ name: 't', level: 'error', format: 'json' }), graceMs: Number(process.env.GRACE ?? 5000) });
    console.log('done');`;

  async function run(
    signals: number,
    env: Record<string, string> = {},
  ): Promise<{ code: number | null; out: string }> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: new URL('..', import.meta.url),
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    let sent = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const due = out.includes('stop') ? 2 : out.includes('ready') ? 1 : 0;
      while (sent < Math.min(due, signals)) {
        sent += 1;
        child.kill('SIGTERM');
      }
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out: out.trim().replaceAll('\n', ' ') };
  }

  test('stops its services in reverse order', async () => {
    expect(await run(1)).toEqual({ code: 0, out: 'start a start b ready stop b stop a done' });
  });

  test('ends at once at the second signal', async () => {
    expect((await run(2, { HANG: 'b' })).code).toBe(130);
  });

  test('ends when stopping takes too long', async () => {
    expect((await run(1, { HANG: 'b', GRACE: '50' })).code).toBe(1);
  });
});

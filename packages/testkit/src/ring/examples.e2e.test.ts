/**
 * Every example that ships, run as it is: `# result:` in its first lines is what must come out (a subset),
 * `# expect: FAILED CODE` how it must fail; `# child` marks one that only others start.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

const ROOT = fileURLToPath(new URL('../../../../playbooks/examples/', import.meta.url));

interface Example {
  file: string;
  text: string;
  path: string;
  /** Marks in the comments at the top. */
  result: string | undefined;
  expected: string | undefined;
  child: boolean;
}

const examples: Example[] = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml'))
  .sort()
  .map((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const mark = (name: string): string | undefined => new RegExp(`^# ${name}: (.*)$`, 'm').exec(text)?.[1];
    return {
      file,
      text,
      path: /^ {2}path: (.*)$/m.exec(text)?.[1] ?? '',
      result: mark('result'),
      expected: mark('expect'),
      child: /^# child$/m.test(text),
    };
  });

let platform: TestPlatform;
let ring: RingClient;
/** An api that asks for no token, as that of `noetl dev`: some examples call it. */
let openApi: string;

beforeAll(async () => {
  platform = await startPlatform({
    workers: 2,
    envOf: (name) => (name === 'api-2' ? { NOETL_AUTH: 'off' } : {}),
  });
  openApi = platform.processes.urlOf(await platform.processes.addReplica('api'));
  await waitFor(async () => (await fetch(`${openApi}/api/ready`)).ok, { what: 'the open api' });
  ring = await RingClient.connect(platform);
  const database = new URL(platform.databaseUrl);
  const nats = new URL(platform.natsUrl);
  await ring.post('/api/credentials', {
    name: 'examples_pg',
    type: 'postgres',
    data: {
      db_host: database.hostname,
      db_port: database.port,
      db_user: database.username,
      db_password: decodeURIComponent(database.password),
      db_name: database.pathname.slice(1),
    },
  });
  await ring.post('/api/credentials', {
    name: 'examples_nats',
    type: 'nats',
    data: {
      nats_url: `nats://${nats.host}`,
      nats_user: decodeURIComponent(nats.username),
      nats_password: decodeURIComponent(nats.password),
    },
  });
  for (const { text } of examples) await ring.register(text);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

describe('examples', () => {
  test.each(examples.filter((example) => !example.child).map((example) => [example.file, example] as const))(
    '%s',
    async (_, { path, text, result, expected }) => {
      const payload = text.includes('http://localhost:8082') ? { server: openApi } : {};
      const ended = await ring.run(path, payload);
      if (expected !== undefined) {
        const [status, code] = expected.split(' ');
        const { error } = ended.result as { error?: { code: string } };
        expect([ended.status, error?.code]).toEqual([status, code]);
        return;
      }
      expect([ended.status, ended.error]).toEqual(['COMPLETED', null]);
      if (result !== undefined) {
        const value: unknown = JSON.parse(result);
        if (typeof value === 'object' && !Array.isArray(value))
          expect(ended.result).toMatchObject(value as object);
        else expect(ended.result).toEqual(value);
      }
    },
  );

  test('none had to be started or advanced by a sweep', () => {
    const healed = platform
      .log('api')
      .split('\n')
      .filter((line) => /the relay will start|whose notice was lost/.test(line));
    expect(healed).toEqual([]);
  });

  test('each says what it shows', () => {
    const silent = examples.filter(({ text }) => !/^ {2}description: \S/m.test(text));
    expect(silent.map((example) => example.file)).toEqual([]);
  });
});

/** The product with two credentials, a server that repeats what it is told, and what attacks on secrets need of them. */
import { randomBytes } from 'node:crypto';
import { startPlatform, type TestPlatform } from '../../../platform.ts';
import { RingClient } from '../../../ring/client.ts';
import { startCarelessServer, type CarelessServer } from '../../careless-server.ts';
import type { Outcome } from '../../corpus.ts';
import { findSecrets } from '../../find-secrets.ts';

const ROWS = `SELECT to_jsonb(x)::text AS text FROM noetl.execution AS x WHERE execution_id = $1
  UNION ALL SELECT to_jsonb(x)::text FROM noetl.event AS x WHERE execution_id = $1
  UNION ALL SELECT to_jsonb(x)::text FROM noetl.command AS x WHERE execution_id = $1
  UNION ALL SELECT to_jsonb(x)::text FROM noetl.loop AS x WHERE execution_id = $1
  UNION ALL SELECT to_jsonb(x)::text FROM noetl.value AS x WHERE execution_id = $1
  UNION ALL SELECT to_jsonb(x)::text FROM noetl.collection_page AS x WHERE execution_id = $1
  UNION ALL SELECT to_jsonb(x)::text FROM noetl.execution AS x WHERE parent_execution_id = $1`;

export class SecretsStage {
  /** With signs that every encoding writes in another way. */
  readonly secret = `vault-${randomBytes(12).toString('hex')}/+"&= é!`;
  /** Of another credential, which no playbook here names. */
  readonly other = `other-${randomBytes(18).toString('base64')}`;
  /** The master key. */
  readonly key: string;
  readonly platform: TestPlatform;
  readonly ring: RingClient;
  readonly server: CarelessServer;
  #count = 0;

  private constructor(platform: TestPlatform, ring: RingClient, server: CarelessServer, key: string) {
    this.platform = platform;
    this.ring = ring;
    this.server = server;
    this.key = key;
  }

  static async open(): Promise<SecretsStage> {
    const server = await startCarelessServer('unused-0123456789');
    const key = randomBytes(32).toString('base64');
    const platform = await startPlatform({
      workers: 1,
      env: { NOETL_SQL_ENDPOINT: 'on', NOETL_STEP_SLOTS: '4', NOETL_ENCRYPTION_KEY: key },
    });
    const stage = new SecretsStage(platform, await RingClient.connect(platform), server, key);
    await stage.save('vault', { password: stage.secret });
    await stage.save('other', { token: stage.other });
    return stage;
  }

  async close(): Promise<void> {
    await this.ring.close();
    await this.platform.stop();
    await this.server.close();
  }

  async save(name: string, data: object, type = 'generic'): Promise<void> {
    const { status, body } = await this.ring.post('/api/credentials', { name, type, data });
    if (status >= 300) throw new Error(`saving ${name} answered ${String(status)}: ${JSON.stringify(body)}`);
  }

  /** Runs a step; what is stored of it, and what the api tells of it. `keychain.vault.password` is the secret. */
  async run(
    tool: object,
    more: { step?: object; payload?: object } = {},
  ): Promise<{ status: string; text: string }> {
    this.#count += 1;
    const path = `attack/${String(this.#count)}`;
    const workflow = JSON.stringify([{ step: 'start', tool, ...more.step }]);
    await this.ring.register(
      `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: ${path}}\nkeychain: [{name: vault, kind: credential, credential: vault}]\nworkflow: ${workflow}\n`,
    );
    const id = await this.ring.execute(path, more.payload ?? {});
    const { status } = await this.ring.ended(id);
    const rows = await this.ring.sql<{ text: string }>(ROWS, [id]);
    const told = await Promise.all(
      ['', '/events', '/summary', '/dead-letters'].map((part) =>
        this.ring.get(`/api/executions/${id}${part}`),
      ),
    );
    return {
      status,
      text: [...rows.map(({ text }) => text), ...told.map(({ body }) => JSON.stringify(body))].join('\n'),
    };
  }

  /** Whether a text is free of the secrets; `reached`: what shows that the attack got as far as it could. */
  judge(text: string, reached: RegExp): Outcome {
    const found = findSecrets(text, [this.secret, this.other]);
    if (found.length > 0) return { blocked: false, how: `found ${found.join(', ')}` };
    const [by] = reached.exec(text) ?? [];
    return by === undefined
      ? { blocked: false, how: `it never came so far: ${text.slice(0, 300)}` }
      : { blocked: true, how: by };
  }
}

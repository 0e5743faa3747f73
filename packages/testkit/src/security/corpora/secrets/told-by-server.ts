/** The server is asked for secrets, or made to complain of them. */
import type { Attack, Outcome } from '../../corpus.ts';
import { findSecrets } from '../../find-secrets.ts';
import type { SecretsStage } from './stage.ts';

export function toldByServer(stage: SecretsStage): Attack[] {
  const { ring } = stage;
  const given = `given-${stage.other.slice(6)}`;
  const attack = (name: string, ask: () => Promise<{ status: number; body: unknown }>): Attack => ({
    name,
    attempt: async (): Promise<Outcome> => {
      const { status, body } = await ask();
      const found = findSecrets(JSON.stringify(body), [stage.secret, stage.other, given, stage.key]);
      const logged = findSecrets(stage.platform.log('api'), [stage.secret, stage.other, given, stage.key]);
      if (logged.length > 0) return { blocked: false, how: `the log has ${logged.join(', ')}` };
      return found.length > 0
        ? { blocked: false, how: `the answer has ${found.join(', ')}` }
        : { blocked: true, how: `answered ${String(status)} without it` };
    },
  });
  const sql = (query: string): Attack =>
    attack(`SQL endpoint: ${query}`, () => ring.post('/api/postgres/execute', { query }));
  return [
    attack('GET a credential', () => ring.get('/api/credentials/vault')),
    attack('GET a credential with its data', () => ring.get('/api/credentials/vault?include_data=true')),
    attack('GET all credentials', () => ring.get('/api/credentials')),
    attack('the answer to saving one', () =>
      ring.post('/api/credentials', { name: 'saved', type: 'bearer', data: { token: given } }),
    ),
    attack('a body that is no JSON', () => ring.post('/api/credentials', `{"name": "x", "data": ${given}`)),
    attack('a body that begins as no JSON', () => ring.post('/api/credentials', given.slice(0, 10))),
    attack('a body of the wrong shape', () =>
      ring.post('/api/credentials', { name: 'x', type: 'y', data: [given] }),
    ),
    attack('a credential without what its type needs', () =>
      ring.post('/api/credentials', { name: 'x', type: 'postgres', data: { db_password: given } }),
    ),
    attack('the webhook of an execution', async () => {
      const path = await ring.register(
        'apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: attack/webhook}\nworkflow: [{step: start, tool: {kind: noop}}]\n',
      );
      const webhook = {
        url: `http://me:${encodeURIComponent(given)}@127.0.0.1:1/?token=${encodeURIComponent(given)}`,
        headers: { 'x-a': given },
        secret: given,
      };
      const { body } = await ring.post<{ execution_id: string }>('/api/execute', { path, webhook });
      await ring.ended(body.execution_id);
      const told = await ring.get(`/api/executions/${body.execution_id}/webhook`);
      const rows = await ring.sql('SELECT to_jsonb(x) FROM noetl.execution AS x WHERE execution_id = $1', [
        body.execution_id,
      ]);
      return { status: told.status, body: [told.body, rows] };
    }),
    sql('SELECT * FROM noetl.credential'),
    sql(`SELECT pg_read_file('/proc/self/environ')`),
    sql('SELECT * FROM pg_stat_activity'),
  ];
}

/** The scripts that make secrets, run for real: what they make is what compose and the manifests may refer to. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';

const run = promisify(execFile);

/** Names and values of the variables in a fresh `.env`. */
export async function madeVariables(root: string): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'noetl-env-'));
  try {
    const file = join(folder, 'env');
    await run('sh', [join(root, 'deploy/docker/make-env.sh'), file]);
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    return new Map(
      lines.map((line): [string, string] => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')]),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `name/key` of every value in the secrets for a kind of overlay. */
export async function madeSecrets(root: string, kind: 'dev' | 'prod'): Promise<Set<string>> {
  const env = { ...process.env, DATABASE_HOST: 'postgres.example.com', NOETL_DB_PASSWORD: 'n1' };
  const { stdout } = await run('sh', [join(root, 'deploy/kubernetes/make-secrets.sh'), kind], { env });
  const secrets = parseAllDocuments(stdout).map(
    (document) =>
      document.toJS() as { metadata: { name: string }; stringData: Record<string, string> } | null,
  );
  return new Set(
    secrets.flatMap((secret) =>
      secret ? Object.keys(secret.stringData).map((key) => `${secret.metadata.name}/${key}`) : [],
    ),
  );
}

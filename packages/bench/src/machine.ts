/** What the figures were measured on. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { natsProgram, postgresVersion, ROOT, TOOLS } from '@noetl/cli/local';

export interface Machine {
  date: string;
  commit: string;
  cores: number;
  cpu: string;
  memory_gb: number;
  kernel: string;
  node: string;
  python: string;
  postgres: string;
  nats_server: string;
}

export async function machine(): Promise<Machine> {
  const { major, minor, patch } = (await natsProgram(TOOLS)).version;
  return {
    date: new Date().toISOString(),
    commit: said('git', ['-C', ROOT, 'describe', '--always', '--dirty']),
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memory_gb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    python: said('python3', ['--version']).replace('Python ', ''),
    postgres: await postgresVersion(),
    nats_server: [major, minor, patch].join('.'),
  };
}

function said(program: string, args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}

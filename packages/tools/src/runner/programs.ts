/** The runners of both languages, as programs that an isolation starts. They hold no keys. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Program, RunnerLimits } from '../isolation/isolation.ts';
import type { Interpreter } from '../isolation/interpreter.ts';

const PYTHON_RUNNER = fileURLToPath(new URL('../../runners/python/main.py', import.meta.url));
const JAVASCRIPT_RUNNER = fileURLToPath(new URL('../../runners/javascript/', import.meta.url));
/** What Node itself needs besides the objects of code, and V8 reserves. */
const NODE_MB = 512;

export function runnerPrograms(
  python: Interpreter,
  { memoryMb }: RunnerLimits,
): Record<'python' | 'javascript', Program> {
  return {
    python: {
      program: python.program,
      args: ['-I', '-B', PYTHON_RUNNER],
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8' },
      reads: [...python.reads, dirname(PYTHON_RUNNER)],
    },
    javascript: {
      program: process.execPath,
      args: [
        '--no-warnings',
        `--max-old-space-size=${String(memoryMb)}`,
        ...permissions(),
        `${JAVASCRIPT_RUNNER}main.mjs`,
      ],
      env: {},
      reads: [process.execPath, JAVASCRIPT_RUNNER.replace(/\/$/, '')],
      reservedMb: NODE_MB,
    },
  };
}

/** Node's permission model keeps honest code from files by mistake; it is no boundary. */
function permissions(): string[] {
  const [major] = process.versions.node.split('.').map(Number) as [number];
  const flag = major >= 22 ? '--permission' : '--experimental-permission';
  return [flag, `--allow-fs-read=${JAVASCRIPT_RUNNER}*`];
}

/** Containers by docker or podman, whichever is on PATH. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { NoetlError } from '@noetl/protocol';
import { runCommand, type CommandEnd } from '../process/command.ts';
import type { ContainerSpec } from './spec.ts';

const ENGINES = ['docker', 'podman'];
const REMOVE_MS = 15_000;
/** Of the worker's environment; the rest may hold keys. */
const PASSED_ON = ['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'DOCKER_HOST', 'DOCKER_CONFIG', 'DOCKER_CONTEXT'];
/** Variables that would change the engine's own client, were they in its environment. */
const OF_THE_CLIENT =
  /^(PATH|HOME|TMPDIR|(LD|DYLD|DOCKER|BUILDKIT|CONTAINERS?|PODMAN|XDG|REGISTRY|GO|SSL)_?.*|.*_PROXY)$/i;
/** Exit code of the engine itself. */
const ENGINE_FAILED = 125;
const NO_DAEMON =
  /cannot connect to|is the docker daemon running|failed to connect|connection refused|permission denied while trying/i;
const NO_IMAGE =
  /unable to find image|pull access denied|manifest unknown|no such image|not found|no such host|i\/o timeout/i;

/** The program's path. */
export function engineOnPath(path = process.env['PATH'] ?? ''): string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return ENGINES.flatMap((engine) => folders.map((folder) => join(folder, engine))).find(isProgram);
}

/** The container is gone afterwards, whatever happened. Throws TOOL_UNAVAILABLE when the engine does not run. */
export async function runInEngine(
  program: string,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<CommandEnd> {
  const own = passedOn();
  // One may be left of a worker that died.
  await remove(program, spec.name, own);
  try {
    const byName = Object.entries(spec.env).filter(([key]) => !OF_THE_CLIENT.test(key));
    const env = { ...Object.fromEntries(byName), ...own };
    const end = await runCommand({ program, args: runArguments(spec), env, stdin: spec.input }, signal);
    if (end.exit_code === ENGINE_FAILED) throw engineFailure(program, spec.image, end.stderr);
    return end;
  } finally {
    await remove(program, spec.name, own);
  }
}

/** Values of variables are not on the command line, where every process could read them: the client passes them on. */
export function runArguments({ name, image, command, args, env, cpu, memory }: ContainerSpec): string[] {
  const [entrypoint, ...rest] = command;
  return [
    'run',
    '--rm',
    '--interactive',
    `--name=${name}`,
    '--label=noetl=step',
    '--security-opt=no-new-privileges',
    ...(cpu !== undefined ? [`--cpus=${String(cpu)}`] : []),
    ...(memory !== undefined ? [`--memory=${String(memory)}b`] : []),
    ...Object.entries(env).map(
      ([key, value]) => `--env=${OF_THE_CLIENT.test(key) ? `${key}=${value}` : key}`,
    ),
    ...(entrypoint !== undefined ? [`--entrypoint=${entrypoint}`] : []),
    image,
    ...rest,
    ...args,
  ];
}

async function remove(program: string, name: string, env: Record<string, string>): Promise<void> {
  const limit = AbortSignal.timeout(REMOVE_MS);
  await runCommand({ program, args: ['rm', '--force', name], env }, limit).catch(() => undefined);
}

function engineFailure(program: string, image: string, stderr: string): NoetlError {
  const reason = stderr.trim().slice(-1_000);
  if (NO_DAEMON.test(reason)) {
    return new NoetlError('TOOL_UNAVAILABLE', `${program} does not run containers: ${reason}`, {
      kind: 'connection',
      hint: 'Start the Docker daemon where the worker runs, or let the worker run in Kubernetes.',
    });
  }
  const kind = NO_IMAGE.test(reason) ? 'not_found' : 'unknown';
  return new NoetlError('TOOL_FAILED', `the container of ${image} did not start: ${reason}`, { kind });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function passedOn(): Record<string, string> {
  const entries = PASSED_ON.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

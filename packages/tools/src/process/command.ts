/** One command as a child process: its whole process group ends with it or with the signal, and its output is bounded. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { NoetlError } from '@noetl/protocol';
import type { Enclosure } from '../isolation/isolation.ts';
import { endTreeOnExit, killTree, startIn } from '../isolation/start.ts';

export interface Command {
  program: string;
  args: string[];
  env: Record<string, string>;
  cwd?: string;
  stdin?: string;
  /** Most bytes kept of each of its two outputs. */
  output_max?: number;
  /** What keeps it from the worker; without one it is the worker's own, as the client of a container engine is. */
  enclosure?: Enclosure;
}

export interface CommandEnd {
  stdout: string;
  stderr: string;
  /** 128 + signal number when a signal ended it, as shells count. */
  exit_code: number;
}

export const OUTPUT_MAX = 1024 * 1024;
/** What ignores SIGTERM is killed after this. */
const GRACE_MS = 1_000;
const SIGNALS: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Throws the signal's reason when it ends the command, TOOL_CONFIG or TOOL_UNAVAILABLE when it cannot start. */
export async function runCommand(command: Command, signal: AbortSignal): Promise<CommandEnd> {
  signal.throwIfAborted();
  const child = started(command);
  const { output_max = OUTPUT_MAX } = command;
  const stdout = bounded(child.stdout, output_max);
  const stderr = bounded(child.stderr, output_max);
  // A command that does not read its input is no error.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(command.stdin ?? '');
  const stop = stopper(child);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const exit_code = await ended(child, command);
    signal.throwIfAborted();
    return { stdout: stdout(), stderr: stderr(), exit_code };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function started({ program, args, env, cwd, enclosure }: Command): ChildProcess {
  const place = cwd === undefined ? {} : { cwd };
  try {
    if (enclosure) return startIn(enclosure, { program, args, env, ...place });
    const child = spawn(program, args, { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'], ...place });
    endTreeOnExit(child);
    return child;
  } catch (error) {
    throw cannotStart(error, program, cwd);
  }
}

function ended(child: ChildProcess, { program, cwd }: Command): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(cannotStart(error, program, cwd)));
    child.once('close', (code, by) => resolve(code ?? 128 + (by === null ? 0 : (SIGNALS[by] ?? 0))));
  });
}

function stopper(child: ChildProcess): () => void {
  return () => {
    killTree(child, 'SIGTERM');
    const hard = setTimeout(() => killTree(child, 'SIGKILL'), GRACE_MS);
    child.once('close', () => clearTimeout(hard));
  };
}

function cannotStart(error: unknown, program: string, cwd: string | undefined): NoetlError {
  const { code, message } = error as NodeJS.ErrnoException;
  const options = { cause: error };
  if (code === 'E2BIG') {
    const text = 'the command, its environment or its input is too large for the operating system';
    return new NoetlError('TOOL_CONFIG', text, { ...options, hint: 'Pass large values through a file.' });
  }
  if (cwd !== undefined && (code === 'ENOENT' || code === 'ENOTDIR')) {
    return new NoetlError('TOOL_CONFIG', `cannot start ${program} in \`cwd\` ${cwd}: ${message}`, options);
  }
  return new NoetlError('TOOL_UNAVAILABLE', `cannot start ${program}: ${message}`, options);
}

/** Keeps the beginning of what a stream says; the rest is counted only. */
function bounded(stream: Readable | null, max: number): () => string {
  const kept: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (size < max) kept.push(chunk.subarray(0, max - size));
    size += chunk.length;
  });
  return () => {
    // U+0000 cannot be stored.
    const text = Buffer.concat(kept).toString('utf8').replaceAll('\u0000', '\ufffd');
    return size <= max ? text : `${text}\n[cut: ${String(size - max)} more bytes]`;
  };
}

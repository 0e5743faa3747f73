/**
 * A server process that we start and stop: it lives in its own session (so Ctrl-C reaches us, not it), writes to a
 * log file, and never keeps our event loop alive.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface ChildOptions {
  command: string;
  args: string[];
  /** stdout and stderr are appended here. */
  logFile: string;
  /** Account to run as; ours when absent. */
  account?: { uid: number; gid: number } | undefined;
  env?: NodeJS.ProcessEnv;
}

export class Child {
  readonly pid: number;
  /** Resolves when the process has ended, however. */
  readonly ended: Promise<void>;
  private readonly process: ChildProcess;
  private readonly logFile: string;
  private over = false;

  private constructor(process: ChildProcess, pid: number, logFile: string) {
    this.process = process;
    this.pid = pid;
    this.logFile = logFile;
    this.ended = new Promise((resolve) => {
      process.once('exit', () => {
        this.over = true;
        resolve();
      });
    });
  }

  /** Starts the program; throws when it cannot be executed at all. */
  static async start(options: ChildOptions): Promise<Child> {
    const log = openSync(options.logFile, 'a', 0o600);
    try {
      const process = spawn(options.command, options.args, {
        detached: true,
        stdio: ['ignore', log, log],
        env: options.env,
        ...(options.account && { uid: options.account.uid, gid: options.account.gid }),
      });
      await new Promise<void>((resolve, reject) => {
        process.once('spawn', resolve);
        process.once('error', reject);
      });
      process.unref();
      if (process.pid === undefined) throw new Error(`${options.command} has no process id`);
      return new Child(process, process.pid, options.logFile);
    } finally {
      closeSync(log);
    }
  }

  get running(): boolean {
    return !this.over;
  }

  /** Null while it runs and when a signal ended it. */
  get exitCode(): number | null {
    return this.process.exitCode;
  }

  /** Sends `gentle`, and `hard` when the process is still there after `graceMs`. Resolves when it has ended. */
  async stop(gentle: NodeJS.Signals, hard: NodeJS.Signals, graceMs: number): Promise<void> {
    if (this.over) return;
    this.process.ref();
    this.process.kill(gentle);
    const timer = setTimeout(() => this.process.kill(hard), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Waits for the end, and keeps the event loop alive meanwhile. Resolves with the exit code. */
  async finished(): Promise<number | null> {
    if (!this.over) this.process.ref();
    await this.ended;
    return this.exitCode;
  }

  /** The end of the log, for error messages. */
  logTail(lines = 12): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }
}

/** True while a process with this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The command line of a process; undefined when this system does not tell. */
export function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // No /proc (macOS) or the process is gone.
  }
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}

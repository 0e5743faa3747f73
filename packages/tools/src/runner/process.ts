/** One runner process: started on demand, spoken to in frames, killed when it misbehaves. */
import { spawn, type ChildProcess } from 'node:child_process';
import { leashed } from '../process/leash.ts';
import { encodeFrame, FrameReader, type Frame } from './frames.ts';

export interface RunnerCommand {
  program: string;
  args: string[];
  env: Record<string, string>;
}

export type RunnerEvent =
  | { kind: 'frame'; frame: Frame }
  /** `started` is false when it never came up: the language is not installed, or its runner is broken. */
  | { kind: 'exit'; reason: string; started: boolean };

export class RunnerProcess {
  readonly #child: ChildProcess;
  readonly #events: RunnerEvent[] = [];
  #waiting: ((event: RunnerEvent) => void) | undefined;
  #ended: RunnerEvent | undefined;
  #started = false;
  /** Resolves when the process has come up, or has ended without that. */
  readonly ready: Promise<void>;

  constructor({ program, args, env }: RunnerCommand) {
    this.#child = spawn(...leashed(program, args), { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const reader = new FrameReader();
    let tellReady = (): void => undefined;
    this.ready = new Promise((resolve) => (tellReady = resolve));
    this.#child.once('close', tellReady);
    let complaint = '';
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) {
        if (frame.header['op'] === 'ready') {
          this.#started = true;
          tellReady();
        } else this.#emit({ kind: 'frame', frame });
      }
    });
    this.#child.stderr?.on(
      'data',
      (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)),
    );
    // Writing to a runner that has just died is no news: its exit is.
    this.#child.stdin?.on('error', () => undefined);
    this.#child.on('error', (error) => this.#end(`cannot start ${program}: ${error.message}`));
    this.#child.on('close', (code, signal) => {
      const how = signal ? `killed by ${signal}` : `exit code ${String(code)}`;
      this.#end(complaint.trim() === '' ? how : `${how}: ${complaint.trim()}`);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return this.#ended === undefined;
  }

  send(header: object, body?: string): void {
    this.#child.stdin?.write(encodeFrame(header, body));
  }

  /** The next frame, or the end of the process; after the end, the end again. */
  next(): Promise<RunnerEvent> {
    const event = this.#events.shift() ?? this.#ended;
    if (event) return Promise.resolve(event);
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Resolves when the process is gone. */
  async ended(): Promise<void> {
    if (this.#ended) return;
    await new Promise((resolve) => this.#child.once('close', resolve));
  }

  #emit(event: RunnerEvent): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(event);
    else this.#events.push(event);
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = { kind: 'exit', reason, started: this.#started };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(this.#ended);
  }
}

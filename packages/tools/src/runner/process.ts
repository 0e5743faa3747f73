/** One runner process: started on demand, spoken to in frames, killed when it misbehaves. Nothing it says is trusted. */
import type { ChildProcess } from 'node:child_process';
import type { Isolation, Program } from '../isolation/isolation.ts';
import { killTree, startIn } from '../isolation/start.ts';
import { BrokenFrame, encodeFrame, FrameReader, type Frame } from './frames.ts';

export interface RunnerExit {
  kind: 'exit';
  reason: string;
  /** False when it never came up: the language is not installed, or its runner is broken. */
  started: boolean;
  /** Whether it was ended for what it did. */
  punished: boolean;
}

export type RunnerEvent = { kind: 'frame'; frame: Frame } | RunnerExit;

/** Frames that wait to be looked at; above, the pipe is not read. */
const WAITING_MAX = 16;

export class RunnerProcess {
  readonly #child: ChildProcess;
  readonly #events: RunnerEvent[] = [];
  #waiting: ((event: RunnerEvent) => void) | undefined;
  #ended: RunnerExit | undefined;
  #started = false;
  #killedFor: string | undefined;
  /** Resolves when the process has come up, or has ended without that. */
  readonly ready: Promise<void>;
  /** Whose code it has run: no other playbook may use it. */
  owner: string | undefined;
  /** Counts up with every outcome. */
  progress = 0;

  constructor(isolation: Isolation, program: Program) {
    const enclosure = isolation.enter();
    this.#child = startIn(enclosure, program);
    this.#child.once('close', () => enclosure.leave());
    let tellReady = (): void => undefined;
    this.ready = new Promise((resolve) => (tellReady = resolve));
    this.#child.once('close', tellReady);
    this.#read(tellReady);
    let complaint = '';
    this.#child.stderr?.on(
      'data',
      (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)),
    );
    // Writing to a runner that has just died is no news: its exit is.
    this.#child.stdin?.on('error', () => undefined);
    this.#child.on('error', (error) => this.#end(`cannot start ${program.program}: ${error.message}`));
    this.#child.on('close', (code, signal) => {
      const how = signal ? `killed by ${signal}` : `exit code ${String(code)}`;
      this.#end(this.#killedFor ?? (complaint.trim() === '' ? how : `${how}: ${complaint.trim()}`));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get started(): boolean {
    return this.#started;
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
    if (this.#events.length < WAITING_MAX) this.#child.stdout?.resume();
    if (event) return Promise.resolve(event);
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  /** With all that it has started. */
  kill(reason?: string): void {
    this.#killedFor ??= reason;
    killTree(this.#child);
  }

  /** Resolves when the process is gone. */
  async ended(): Promise<void> {
    if (this.#ended) return;
    await new Promise((resolve) => this.#child.once('close', resolve));
  }

  #read(tellReady: () => void): void {
    const reader = new FrameReader();
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) {
          if (frame.header['op'] === 'ready') {
            this.#started = true;
            tellReady();
          } else this.#emit({ kind: 'frame', frame });
        }
      } catch (error) {
        if (!(error instanceof BrokenFrame)) throw error;
        this.#child.stdout?.destroy();
        this.kill(`it wrote into the pipe of its runner: ${error.message}`);
      }
    });
  }

  #emit(event: RunnerEvent): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(event);
    else this.#events.push(event);
    if (this.#events.length >= WAITING_MAX) this.#child.stdout?.pause();
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = { kind: 'exit', reason, started: this.#started, punished: this.#killedFor !== undefined };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(this.#ended);
  }
}

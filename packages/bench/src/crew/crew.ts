/** Processes that do one job together, for what is measured beside the product; steered over IPC. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RunOptions } from '../scenario.ts';
import type { Job } from './job.ts';

/** Members run from the build, like the product's own processes. */
const MEMBER = fileURLToPath(new URL('../../dist/crew/member.js', import.meta.url));

export class Crew {
  private readonly members: ChildProcess[];
  /** Rejects as soon as a member dies before it was told to. */
  private readonly lost: Promise<never>;
  private stopping = false;

  private constructor(members: ChildProcess[]) {
    this.members = members;
    this.lost = new Promise((_, reject) => {
      for (const member of members)
        member.once('exit', (code, signal) => {
          if (!this.stopping) reject(new Error(`a bench process ended: ${String(code ?? signal)}`));
        });
    });
    this.lost.catch(() => undefined);
  }

  /** Starts one process for each job; resolves when all are ready to work. */
  static async start(options: RunOptions, jobs: Job[]): Promise<Crew> {
    const crew = new Crew(jobs.map(() => fork(MEMBER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })));
    options.atEnd(() => crew.stop());
    crew.members.forEach((member, place) => member.send(jobs[place] as Job));
    await crew.allSay();
    return crew;
  }

  /** Lets all begin; resolves with the milliseconds until the last one has finished. */
  async work(): Promise<number> {
    const finished = this.allSay();
    const startedAt = performance.now();
    for (const member of this.members) member.send('go');
    await finished;
    return performance.now() - startedAt;
  }

  /** Waits for `what`, unless a member dies before. */
  whileAlive<T>(what: Promise<T>): Promise<T> {
    return Promise.race([what, this.lost]);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(
      this.members.map(async (member) => {
        if (member.exitCode !== null || member.signalCode !== null) return;
        const ended = once(member, 'exit');
        member.kill('SIGKILL');
        await ended;
      }),
    );
  }

  private async allSay(): Promise<void> {
    await this.whileAlive(Promise.all(this.members.map((member) => once(member, 'message'))));
  }
}

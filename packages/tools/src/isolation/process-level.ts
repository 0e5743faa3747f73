/**
 * Level `process`: a session and process group of its own, no new privileges, limits; and, for a worker that is root,
 * an account and a scratch folder that nothing else has.
 */
import { killAccount, type Accounts } from './accounts.ts';
import type { Enclosure, Isolation, RunnerLimits } from './isolation.ts';
import { limited } from './rlimits.ts';
import { ScratchFolders } from './scratch.ts';
import { PRLIMIT, SETPRIV } from './system-programs.ts';

export interface ProcessLevelOptions {
  limits: RunnerLimits;
  /** For each process one of these; without them all have that of the worker. */
  accounts?: Accounts;
  /** Told with the others: why it is not more. */
  gaps?: readonly string[];
}

export function processLevel({ limits, accounts, gaps = [] }: ProcessLevelOptions): Isolation {
  const scratches = new ScratchFolders();
  return {
    level: 'process',
    gaps: [...gaps, ...missing(), ...(accounts ? [] : ['code has the account of the worker'])],
    limits,
    network: true,
    shared: accounts === undefined,
    enter: () => enter(limits, accounts, scratches),
    close: () => scratches.close(),
  };
}

function missing(): string[] {
  return [
    ...(SETPRIV === undefined ? ['there is no setpriv: code may outlive a worker that is killed'] : []),
    ...(PRLIMIT === undefined ? ['there is no prlimit: memory and files have no limit'] : []),
  ];
}

function enter(limits: RunnerLimits, accounts: Accounts | undefined, scratches: ScratchFolders): Enclosure {
  if (!accounts) return asTheWorker(limits);
  const uid = accounts.lease();
  const folder = scratches.make(uid);
  let left = false;
  return {
    launch: ({ program, args, env, cwd, reservedMb }) => ({
      ...commandOf([
        ...privileges(uid),
        ...limited({ limits, reservedMb, ownAccount: true }),
        program,
        ...args,
      ]),
      env: { HOME: folder, TMPDIR: folder, ...env },
      cwd: cwd ?? folder,
      files: [],
    }),
    endLeftOvers: () => killAccount(uid),
    leave: () => {
      // Afterwards the account may be somebody else's.
      if (left) return;
      left = true;
      killAccount(uid);
      accounts.release(uid);
      scratches.remove(folder);
    },
  };
}

/** A folder of its own would keep nothing from a process that may open all that the worker may. */
function asTheWorker(limits: RunnerLimits): Enclosure {
  return {
    launch: ({ program, args, env, cwd, reservedMb }) => ({
      ...commandOf([
        ...privileges(),
        ...limited({ limits, reservedMb, ownAccount: false }),
        program,
        ...args,
      ]),
      env: { ...env },
      cwd: cwd ?? process.cwd(),
      files: [],
    }),
    endLeftOvers: () => undefined,
    leave: () => undefined,
  };
}

function commandOf([program = '', ...args]: string[]): { program: string; args: string[] } {
  return { program, args };
}

/** What comes before a program: nothing can be gained by running another one, and the kernel ends it with the worker. */
function privileges(uid?: number): string[] {
  if (SETPRIV === undefined) return [];
  return [SETPRIV, '--pdeathsig=KILL', '--no-new-privs', ...(uid === undefined ? [] : asAccount(uid)), '--'];
}

/** Arguments of `setpriv`. */
export function asAccount(uid: number): string[] {
  const id = String(uid);
  return [`--reuid=${id}`, `--regid=${id}`, '--clear-groups', '--bounding-set=-all', '--inh-caps=-all'];
}

/**
 * Which isolation a worker has: the strongest that works, or the one that was asked for. What was asked for and does not
 * work here is refused; nothing is ever weaker than it was asked to be.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { NoetlError } from '@noetl/protocol';
import { Accounts, DEFAULT_ACCOUNTS, type AccountRange } from './accounts.ts';
import type { Isolation, Program, RunnerLimits } from './isolation.ts';
import { readsTheWorker, whyNot } from './probe.ts';
import { processLevel } from './process-level.ts';
import { sandboxLevel, type VisiblePath } from './sandbox-level.ts';
import { BWRAP, DMESG, SETPRIV } from './system-programs.ts';

export interface IsolationWishes {
  level: 'auto' | 'process' | 'sandbox' | 'gvisor';
  /** Undefined: off where it can be. */
  network?: boolean;
  /** Accounts of runners; `off`: that of the worker. */
  accounts: 'auto' | 'off' | AccountRange;
  limits: RunnerLimits;
  /** What code may see besides the system's programs. */
  paths: readonly VisiblePath[];
}

/** `runners`: what must be able to start. Throws ISOLATION_UNAVAILABLE with the reason and what to do. */
export async function chooseIsolation(
  wishes: IsolationWishes,
  runners: readonly Program[],
): Promise<Isolation> {
  if (wishes.level === 'process') return processFor(wishes, runners, []);
  if (wishes.level === 'gvisor') return withinGvisor(wishes, runners);
  const [sandbox, reason] = await sandboxFor(wishes, runners);
  if (sandbox) return sandbox;
  if (wishes.level === 'sandbox') {
    throw unavailable(
      `a sandbox does not work here: ${reason}`,
      'Install bubblewrap 0.5 or newer and allow user namespaces; in a pod use a runtimeClass and NOETL_ISOLATION=gvisor.',
    );
  }
  return processFor(wishes, runners, [`there is no sandbox: ${reason}`]);
}

async function sandboxFor(
  { limits, network = false, paths, ...wishes }: IsolationWishes,
  runners: readonly Program[],
): Promise<[Isolation] | [undefined, string]> {
  if (BWRAP === undefined) return [undefined, 'bubblewrap (bwrap) is not installed'];
  const range = rangeOf(wishes.accounts);
  const accounts = range === undefined ? {} : { accounts: new Accounts(range) };
  const sandbox = sandboxLevel({ limits, network, paths, ...accounts });
  const reason = await whyNot(sandbox, runners);
  if (reason === undefined) return [sandbox];
  sandbox.close();
  return [undefined, reason];
}

async function processFor(
  { limits, network, accounts }: IsolationWishes,
  runners: readonly Program[],
  gaps: string[],
): Promise<Isolation> {
  if (network === false) {
    throw unavailable(
      'at level `process` code cannot be kept from the network',
      'Remove NOETL_ISOLATION_NETWORK=off and use a NetworkPolicy, or make a sandbox possible.',
    );
  }
  const range = rangeOf(accounts);
  if (range !== undefined) {
    const apart = processLevel({ limits, accounts: new Accounts(range), gaps });
    const reason = await whyNot(apart, runners);
    if (reason === undefined) return told(apart);
    apart.close();
    if (accounts !== 'auto') {
      throw unavailable(
        `code cannot run under an account of its own: ${reason}`,
        'Put the interpreter and this program where every account may read them, or set NOETL_RUNNER_UIDS=off.',
      );
    }
    gaps.push(`an account of its own does not work: ${reason}`);
  } else if (typeof accounts === 'object') {
    throw unavailable(
      'only a worker that is root, with setpriv (util-linux), can give runners accounts of their own',
      'Run the worker as root, or set NOETL_RUNNER_UIDS=off.',
    );
  }
  return told(processLevel({ limits, gaps }));
}

/** The pod's kernel is the boundary; inside it code is kept from the worker as well as it can be. */
async function withinGvisor(wishes: IsolationWishes, runners: readonly Program[]): Promise<Isolation> {
  if (!kernelIsGvisor()) {
    throw unavailable(
      'this is no gVisor: neither /proc/version nor the kernel log says so',
      'Give the pod `runtimeClassName: gvisor`, or choose another NOETL_ISOLATION.',
    );
  }
  const inside = await chooseIsolation({ ...wishes, level: 'auto' }, runners);
  return { ...inside, level: 'gvisor' };
}

/** By what gVisor says of itself. */
function kernelIsGvisor(): boolean {
  if (/gvisor|Linux version 4\.4\.0 #1 SMP Sun Jan 10 15:06:54 PST 2016/i.test(textOf('/proc/version')))
    return true;
  if (DMESG === undefined) return false;
  try {
    return /gvisor/i.test(execFileSync(DMESG, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return false;
  }
}

async function told(isolation: Isolation): Promise<Isolation> {
  const open = await readsTheWorker(isolation);
  const gaps = [
    ...isolation.gaps,
    'code reaches the network',
    ...(open ? ['code can read the memory and the environment of the worker'] : []),
  ];
  return { ...isolation, gaps };
}

function rangeOf(accounts: IsolationWishes['accounts']): AccountRange | undefined {
  if (accounts === 'off' || process.getuid?.() !== 0 || SETPRIV === undefined) return undefined;
  return accounts === 'auto' ? DEFAULT_ACCOUNTS : accounts;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function unavailable(message: string, hint: string): NoetlError {
  return new NoetlError('ISOLATION_UNAVAILABLE', message, { hint });
}

/**
 * Level `sandbox`, by bubblewrap: besides the limits of a process it has process, mount, IPC, host name and network
 * namespaces of its own and a seccomp filter. It sees the system's programs, read-only, a small /tmp, and what it is
 * given by name.
 */
import { existsSync, openSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Enclosure, Isolation, Launch, Program, RunnerLimits } from './isolation.ts';
import type { Accounts } from './accounts.ts';
import { asAccount } from './process-level.ts';
import { limited } from './rlimits.ts';
import { ScratchFolders } from './scratch.ts';
import { seccompFilter } from './seccomp.ts';
import { BWRAP, SETPRIV } from './system-programs.ts';

export interface SandboxOptions {
  limits: RunnerLimits;
  network: boolean;
  /** Of a worker that is root; others get a user namespace, and stay who they are. */
  accounts?: Accounts;
  /** Seen in every sandbox, besides the system. */
  paths?: readonly VisiblePath[];
}

export interface VisiblePath {
  path: string;
  writable: boolean;
}

const MIB = 1024 * 1024;
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64'];
/** How programs find libraries, time zones, certificates, and hosts; no accounts, no settings of services. */
const OF_ETC = ['ld.so.cache', 'alternatives', 'localtime', 'ssl', 'ca-certificates', 'pki', 'mime.types'];
const OF_ETC_FOR_NETWORK = ['resolv.conf', 'hosts', 'nsswitch.conf', 'gai.conf', 'services', 'protocols'];
const HOST_NAME = 'sandbox';
/** Who it is in a user namespace: nobody. */
const NOBODY = '65534';

export function sandboxLevel(options: SandboxOptions): Isolation {
  const { limits, network } = options;
  const scratches = new ScratchFolders();
  const filter = seccompFilter();
  let filterFile: string | undefined;
  const seccomp = (): number[] => {
    if (filter === undefined) return [];
    filterFile ??= join(scratches.make(), 'seccomp');
    if (!existsSync(filterFile)) writeFileSync(filterFile, filter, { mode: 0o600 });
    return [openSync(filterFile, 'r')];
  };
  return {
    level: 'sandbox',
    gaps: [
      ...(network ? ['code reaches the network'] : []),
      ...(filter === undefined ? [`there is no seccomp filter for ${process.arch}`] : []),
    ],
    limits,
    network,
    shared: false,
    enter: (how) => enter(options, seccomp, scratches, how?.several === true),
    close: () => scratches.close(),
  };
}

/** What is left running ends with its process namespace. */
function enter(
  options: SandboxOptions,
  seccomp: () => number[],
  scratches: ScratchFolders,
  several: boolean,
): Enclosure {
  const uid = options.accounts?.lease();
  const scratch = several ? scratches.make(uid) : undefined;
  let left = false;
  return {
    launch: (program) => launch(program, options, { uid, scratch, files: seccomp() }),
    endLeftOvers: () => undefined,
    leave: () => {
      if (left) return;
      left = true;
      if (uid !== undefined) options.accounts?.release(uid);
      if (scratch !== undefined) scratches.remove(scratch);
    },
  };
}

interface Means {
  uid: number | undefined;
  /** Folder of the worker that is its /tmp; else that is memory. */
  scratch: string | undefined;
  files: number[];
}

function launch(program: Program, options: SandboxOptions, { uid, scratch, files }: Means): Launch {
  const { limits, network } = options;
  const limiting = limited({ limits, reservedMb: program.reservedMb, ownAccount: true });
  const account = uid === undefined ? [] : [SETPRIV as string, '--no-new-privs', ...asAccount(uid), '--'];
  return {
    program: BWRAP as string,
    args: [
      ...namespaces(network, uid === undefined),
      ...system(network),
      ...(scratch === undefined
        ? ['--size', String(limits.diskMb * MIB), '--perms', '1777', '--tmpfs', '/tmp']
        : ['--bind', scratch, '/tmp']),
      ...(options.paths ?? []).flatMap(({ path, writable }) => visible(path, writable)),
      ...(program.reads ?? []).flatMap((path) => visible(path, false)),
      // What is made for the root of it is memory too, and not /tmp.
      ...['--remount-ro', '/dev', '--remount-ro', '/'],
      ...(files.length > 0 ? ['--seccomp', '3'] : []),
      ...['--chdir', program.cwd ?? '/tmp', '--'],
      ...account,
      ...limiting,
      program.program,
      ...program.args,
    ],
    env: { HOME: '/tmp', TMPDIR: '/tmp', ...program.env },
    cwd: '/',
    files,
  };
}

/** It ends with the worker; a terminal, should there be one, is out of its reach. */
function namespaces(network: boolean, asOrdinaryUser: boolean): string[] {
  return [
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--die-with-parent'],
    ...['--new-session', '--hostname', HOST_NAME],
    ...(network ? [] : ['--unshare-net']),
    ...(asOrdinaryUser ? ['--unshare-user', '--uid', NOBODY, '--gid', NOBODY, '--cap-drop', 'ALL'] : []),
  ];
}

function system(network: boolean): string[] {
  const etc = network ? [...OF_ETC, ...OF_ETC_FOR_NETWORK] : OF_ETC;
  return [
    ...SYSTEM.flatMap((folder) => ['--ro-bind-try', folder, folder]),
    ...['--perms', '0755', '--dir', '/etc'],
    ...etc.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['--size', String(64 * MIB), '--perms', '1777', '--tmpfs', '/dev/shm'],
  ];
}

/** Folders above it are made, and may be passed through. */
function visible(path: string, writable: boolean): string[] {
  if (SYSTEM.some((folder) => path === folder || path.startsWith(`${folder}/`)) && !writable) return [];
  const above: string[] = [];
  for (let folder = dirname(path); folder !== '/' && folder !== '/tmp'; folder = dirname(folder)) {
    above.unshift('--perms', '0755', '--dir', folder);
  }
  return [...above, writable ? '--bind' : '--ro-bind', realpathSync(path), path];
}

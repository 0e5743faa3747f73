/**
 * A seccomp filter for code in a sandbox: system calls that no program of a playbook needs and that escapes are made
 * of are refused. Classic BPF, as `bwrap --seccomp` takes it.
 */
import { endianness } from 'node:os';

/** Numbers of the calls by architecture, in the order of `NAMES`. */
interface Architecture {
  audit: number;
  numbers: readonly number[];
  clone: number;
  /** Numbers from here on are calls of another convention. */
  foreign?: number;
}

/**
 * ptrace, process_vm_readv, process_vm_writev, kcmp, pidfd_getfd; mount, umount2, pivot_root, chroot, unshare, setns,
 * fsopen, fsconfig, fsmount, fspick, open_tree, move_mount, mount_setattr; bpf, perf_event_open, userfaultfd,
 * io_uring_setup, io_uring_enter, io_uring_register; add_key, request_key, keyctl; kexec_load, kexec_file_load,
 * init_module, finit_module, delete_module, reboot, swapon, swapoff, acct, syslog, quotactl; open_by_handle_at,
 * name_to_handle_at.
 */
const X64 = [
  [101, 310, 311, 312, 438],
  [165, 166, 155, 161, 272, 308, 430, 431, 432, 433, 428, 429, 442],
  [321, 298, 323, 425, 426, 427],
  [248, 249, 250],
  [246, 320, 175, 313, 176, 169, 167, 168, 163, 103, 179],
  [304, 303],
];
const ARM64 = [
  [117, 270, 271, 272, 438],
  [40, 39, 41, 51, 97, 268, 430, 431, 432, 433, 428, 429, 442],
  [280, 241, 282, 425, 426, 427],
  [217, 218, 219],
  [104, 294, 105, 273, 106, 142, 224, 225, 89, 116, 60],
  [265, 264],
];

const ARCHITECTURES: Record<string, Architecture> = {
  x64: { audit: 0xc000003e, numbers: X64.flat(), clone: 56, foreign: 0x40000000 },
  arm64: { audit: 0xc00000b7, numbers: ARM64.flat(), clone: 220 },
};
/** The same number everywhere. Its flags are out of sight of a filter; without it the C library takes `clone`. */
const CLONE3 = 435;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NEW_NAMESPACES = 0x7e020000;

const LOAD = 0x20;
const EQUAL = 0x15;
const AT_LEAST = 0x35;
const ANY_BIT = 0x45;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
/** Places in `struct seccomp_data`. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

type Instruction = [code: number, then: number, otherwise: number, value: number];

/** Undefined where we know no numbers. */
export function seccompFilter(architecture: string = process.arch): Buffer | undefined {
  const known = ARCHITECTURES[architecture];
  if (!known || endianness() !== 'LE') return undefined;
  const { audit, numbers, clone, foreign } = known;
  const refuse = (number: number, answer = EPERM): Instruction[] => [
    [EQUAL, 0, 1, number],
    [RETURN, 0, 0, answer],
  ];
  return bytesOf([
    [LOAD, 0, 0, ARCHITECTURE],
    [EQUAL, 1, 0, audit],
    [RETURN, 0, 0, EPERM],
    [LOAD, 0, 0, NUMBER],
    ...(foreign === undefined
      ? []
      : ([
          [AT_LEAST, 0, 1, foreign],
          [RETURN, 0, 0, ENOSYS],
        ] satisfies Instruction[])),
    ...refuse(CLONE3, ENOSYS),
    ...numbers.flatMap((number) => refuse(number)),
    [EQUAL, 0, 3, clone],
    [LOAD, 0, 0, FIRST_ARGUMENT],
    [ANY_BIT, 0, 1, NEW_NAMESPACES],
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
  ]);
}

function bytesOf(instructions: Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [place, [code, then, otherwise, value]] of instructions.entries()) {
    bytes.writeUInt16LE(code, place * 8);
    bytes.writeUInt8(then, place * 8 + 2);
    bytes.writeUInt8(otherwise, place * 8 + 3);
    bytes.writeUInt32LE(value, place * 8 + 4);
  }
  return bytes;
}

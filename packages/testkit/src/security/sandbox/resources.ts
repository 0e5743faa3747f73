/** Attacks on what the machine has: processes, memory, disk, processor time, and the patience of the worker. */
import {
  both,
  fails,
  inNode,
  inPython,
  isRefused,
  leavesNothing,
  othersAreRight,
  tried,
  type Act,
} from './act.ts';
import type { Outcome } from '../corpus.ts';
import { LIMITS, type Run } from './stage.ts';

const MIB = 1024 * 1024;
const DISK_BYTES = Number(LIMITS.NOETL_RUNNER_DISK_MB) * MIB;

/** What it says it wrote is no more than it may. */
function wroteLittle({ text, status }: Run): Outcome {
  const wrote = Number(/WROTE (\d+)/.exec(text)?.[1] ?? NaN);
  return wrote <= DISK_BYTES
    ? { blocked: true, how: `it wrote ${String(wrote)} bytes` }
    : { blocked: false, how: `${status} ${text.slice(0, 200)}` };
}

const FILL = (folder: string): string => `
import os
wrote = 0
try:
    for number in range(1000):
        with open(os.path.join(${folder}, f"fill-{number}"), "wb", 0) as file:
            for _ in range(8):
                wrote += file.write(bytes(1 << 20))
except OSError as error:
    print(error)
result = f"WROTE {wrote}"`;

export const RESOURCES: readonly Act[] = [
  {
    name: 'python: a fork bomb',
    language: 'python',
    code: (targets) =>
      inPython(
        targets,
        `
while True:
    try:
        os.fork()
    except OSError:
        pass`,
      ),
    judge: both(fails('RUNNER_CRASHED'), othersAreRight('python')),
  },
  {
    name: 'python: threads without end',
    language: 'python',
    code: () => `
import threading, time
count = 0
try:
    while count < 2000:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        count += 1
    result = "GOT-THROUGH"
except RuntimeError as error:
    result = f"REFUSED after {count}: {error}"`,
    judge: isRefused,
  },
  {
    name: 'python: a terabyte at once',
    language: 'python',
    code: () => tried('bytearray(1 << 40)'),
    judge: isRefused,
  },
  {
    name: 'python: memory bit by bit',
    language: 'python',
    code: () => 'held = []\nwhile True:\n    held.append(bytearray(10 << 20))',
    judge: both(fails('MemoryError', 'RUNNER_CRASHED'), othersAreRight('python')),
  },
  {
    name: 'python: memory that is shared, which no limit of a process counts',
    language: 'python',
    code: () => `
import mmap, time
held = []
for _ in range(200):
    region = mmap.mmap(-1, 32 << 20)
    for place in range(0, 32 << 20, 4096):
        region[place] = 1
    held.append(region)
time.sleep(60)`,
    judge: both(fails('RUNNER_CRASHED', 'MemoryError', 'OSError'), othersAreRight('python')),
  },
  {
    name: 'python: memory of many processes, each within its limit',
    language: 'python',
    code: () => `
import time
for _ in range(6):
    if os.fork() == 0:
        held = bytearray(os.urandom(1) * (150 << 20))
        time.sleep(60)
        os._exit(0)
time.sleep(60)`,
    judge: both(fails('RUNNER_CRASHED'), othersAreRight('python')),
  },
  { name: 'python: a full disk', language: 'python', code: () => FILL('os.getcwd()'), judge: wroteLittle },
  { name: 'python: a full /dev/shm', language: 'python', code: () => FILL('"/dev/shm"'), judge: wroteLittle },
  {
    name: 'python: one endless file',
    language: 'python',
    code: () => `
wrote = 0
try:
    with open("endless", "wb", 0) as file:
        while wrote < 1 << 31:
            wrote += file.write(bytes(1 << 20))
except OSError as error:
    print(error)
result = f"WROTE {wrote}"`,
    judge: wroteLittle,
  },
  {
    name: 'python: an endless loop',
    language: 'python',
    code: () => 'while True:\n    pass',
    judge: both(fails('RUNNER_CRASHED'), othersAreRight('python')),
  },
  {
    name: 'python: a sleep for ever',
    language: 'python',
    code: () => 'import time\ntime.sleep(1e9)',
    judge: both(fails('RUNNER_CRASHED'), othersAreRight('python')),
  },
  {
    name: 'python: half a frame, and silence',
    language: 'python',
    code: () => 'import builtins\nbuiltins.len = lambda value: 1 << 20\nresult = 1',
    judge: both(fails('RUNNER_CRASHED'), othersAreRight('python')),
  },
  {
    name: 'python: an endless loop in the background of a program that ends',
    language: 'python',
    code: (targets) =>
      inPython(
        targets,
        `
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sh", ["sh", "-c", f"while :; do :; done # {T['mark']}"])
    os._exit(0)
result = 1`,
      ),
    judge: leavesNothing('python'),
  },
  {
    name: 'python: endless prints',
    language: 'python',
    code: () => 'for _ in range(300000):\n    print("x" * 100)\nresult = 1',
    judge: ({ text, status }) => ({
      blocked: status === 'COMPLETED' && text.length < 300_000,
      how: `${status}, ${String(text.length)} characters are stored`,
    }),
  },
  {
    name: 'python: a core dump',
    language: 'python',
    code: () => tried('import resource\nresource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30))'),
    judge: isRefused,
  },
  {
    name: 'python: limits of its own',
    language: 'python',
    code: () =>
      tried(
        'import resource\nfor kind in (resource.RLIMIT_DATA, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE):\n    resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))',
      ),
    judge: isRefused,
  },
  {
    name: 'python: a huge result',
    language: 'python',
    code: () => 'result = {"text": "x" * (40 << 20)}',
    judge: fails('RESULT_TOO_LARGE'),
  },
  {
    name: 'python: a result that nests without end',
    language: 'python',
    code: () => 'result = []\nfor _ in range(100000):\n    result = [result]',
    judge: both(fails('RESULT_NOT_STORABLE'), othersAreRight('python')),
  },
  {
    name: 'javascript: an endless loop',
    language: 'javascript',
    code: () => 'for (;;);',
    judge: both(fails('RUNNER_CRASHED'), othersAreRight('javascript')),
  },
  {
    name: 'javascript: memory without end',
    language: 'javascript',
    code: () => 'const held = []; for (;;) held.push(new Array(1000000).fill(held.length));',
    judge: both(fails('RUNNER_CRASHED'), othersAreRight('javascript')),
  },
  {
    name: 'javascript: memory outside of the heap of V8',
    language: 'javascript',
    code: () => 'const held = []; for (;;) held.push(new Uint8Array(50 << 20).fill(1));',
    judge: both(fails('RUNNER_CRASHED', 'RangeError'), othersAreRight('javascript')),
  },
  {
    name: 'javascript: a result that nests without end',
    language: 'javascript',
    code: () => 'let value = []; for (let n = 0; n < 100000; n += 1) value = [value]; return value;',
    judge: both(fails('RESULT_NOT_STORABLE', 'RangeError'), othersAreRight('javascript')),
  },
  {
    name: 'javascript: errors written without end',
    language: 'javascript',
    code: (targets) =>
      inNode(targets, "for (let n = 0; n < 2000; n += 1) host._rawDebug('x'.repeat(10000)); return 1;"),
    judge: othersAreRight('javascript'),
  },
  {
    name: 'shell: a fork bomb',
    language: 'shell',
    code: ({ mark }) => `timeout 3 sh -c 'bomb() { bomb ${String(mark)} | bomb; }; bomb'`,
    judge: leavesNothing('shell'),
  },
];

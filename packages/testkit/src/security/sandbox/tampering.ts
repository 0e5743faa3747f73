/** Attacks on others: processes, files, the system, and the items and playbooks that run after or beside this one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  both,
  fails,
  inNode,
  inPython,
  isRefused,
  keepsSecret,
  leavesNothing,
  othersAreRight,
  tried,
  type Act,
} from './act.ts';
import type { Outcome } from '../corpus.ts';
import { lives, type Run, type Stage } from './stage.ts';

const SYSCALLS = 'import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)';

function otherLives(_: Run, { targets }: Stage): Outcome {
  return lives(targets.process)
    ? { blocked: true, how: 'the other process lives' }
    : { blocked: false, how: 'the other process is dead' };
}

/** A file of the machine, in a folder where every account may make some. */
function isNotWritten({ text }: Run, { targets }: Stage): Outcome {
  return existsSync(join(targets.folder, 'written'))
    ? { blocked: false, how: 'the file is there' }
    : { blocked: true, how: `the file is not there (${text.slice(0, 120)})` };
}

/** All items have the results of their own code. */
function itemsAreRight({ text, status }: Run): Outcome {
  const forged = text.includes('forged');
  return { blocked: !forged && status === 'COMPLETED', how: forged ? text.slice(0, 200) : status };
}

const FRAME = `
import noetl_frames, struct
def say(header, body=b""):
    line = json.dumps(header).encode() + b"\\n"
    noetl_frames.protocol_out.write(struct.pack(">I", len(line) + len(body)) + line + body)
    noetl_frames.protocol_out.flush()`;

export const TAMPERING: readonly Act[] = [
  {
    name: 'python: the end of the worker',
    language: 'python',
    // It must not be shown on a worker whose id others may have by then.
    code: (targets) => inPython(targets, tried('os.kill(T["worker"], 9)')),
    judge: isRefused,
  },
  {
    name: "python: the end of somebody else's process",
    language: 'python',
    code: (targets) => inPython(targets, tried('os.kill(T["process"], 9)')),
    judge: otherLives,
  },
  {
    name: 'python: the end of every process',
    language: 'python',
    code: (targets) =>
      inPython(
        targets,
        `
if os.path.exists(f"/proc/{T['worker']}"):
    result = "GOT-THROUGH: it sees the worker"
else:
    try:
        os.kill(-1, 9)
    except OSError:
        pass
    result = "REFUSED"`,
      ),
    judge: both(otherLives, othersAreRight('python')),
  },
  {
    name: 'javascript: the end of the worker',
    language: 'javascript',
    code: (targets) =>
      inNode(
        targets,
        "try { host.kill(T.worker, 9); return 'GOT-THROUGH'; } catch (e) { return 'REFUSED ' + e; }",
      ),
    judge: isRefused,
  },
  {
    name: 'shell: the end of the worker',
    language: 'shell',
    code: ({ worker }) => `a=GOT; if kill -9 ${String(worker)}; then echo $a-THROUGH; else echo REFUSED; fi`,
    judge: isRefused,
  },
  {
    name: 'python: a file outside of its scratch folder',
    language: 'python',
    works: true,
    code: (targets) => inPython(targets, 'open(os.path.join(T["folder"], "written"), "w").write("x")'),
    judge: isNotWritten,
  },
  {
    name: 'shell: a file outside of its scratch folder',
    language: 'shell',
    works: true,
    code: ({ folder }) => `echo x > ${folder}/written`,
    judge: isNotWritten,
  },
  {
    name: "python: a file among the system's programs",
    language: 'python',
    code: () =>
      tried(
        'import sysconfig\nopen(os.path.join(sysconfig.get_paths()["stdlib"], "noetl_written.py"), "w").close()',
      ),
    judge: isRefused,
  },
  {
    name: "python: the runner's own program",
    language: 'python',
    code: () => tried('import noetl_frames\nopen(noetl_frames.__file__, "r+").close()'),
    judge: isRefused,
  },
  {
    name: 'python: to be root',
    language: 'python',
    works: true,
    needsRoot: true,
    code: () => tried('os.setuid(0)'),
    judge: isRefused,
  },
  {
    name: 'python: programs that run as their owner',
    language: 'python',
    code: () => `
import shutil, subprocess
shutil.copy("/bin/sh", "sh")
os.chmod("sh", 0o6755)
ids = subprocess.run(["./sh", "-pc", "id -u; grep -c 'NoNewPrivs:.1' /proc/self/status"], capture_output=True, text=True).stdout
result = "GOT-THROUGH " + ids if ids.startswith("0") else "REFUSED " + ids`,
    judge: isRefused,
  },
  {
    name: 'python: namespaces of its own',
    language: 'python',
    works: true,
    // A process with threads, which others may have left, could not.
    code: () =>
      tried(
        `${SYSCALLS}\nchild = os.fork()\nif child == 0:\n    os._exit(0 if libc.unshare(0x10000000) == 0 else 1)\nassert os.waitpid(child, 0)[1] == 0, "unshare"`,
      ),
    judge: isRefused,
  },
  {
    name: 'python: another root',
    language: 'python',
    code: () => tried('os.chroot("/tmp")'),
    judge: isRefused,
  },
  {
    name: 'python: a mount',
    language: 'python',
    code: () =>
      tried(
        `${SYSCALLS}\nif libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) != 0:\n    raise OSError(ctypes.get_errno(), "mount")`,
      ),
    judge: isRefused,
  },
  {
    name: 'python: keys of the kernel',
    language: 'python',
    code: () =>
      tried(
        `${SYSCALLS}\nif libc.syscall(250, 0, -3, 1) < 0:\n    raise OSError(ctypes.get_errno(), "keyctl")`,
      ),
    judge: isRefused,
  },
  {
    name: 'python: modules from its working directory',
    language: 'python',
    code: () => tried('open("noetl_planted.py", "w").write("x = 1")\nimport noetl_planted'),
    judge: isRefused,
  },
  {
    name: 'python: built-ins and the runner overwritten for whoever comes next',
    language: 'python',
    works: true,
    code: () => `
import builtins, noetl_program, noetl_encode, __main__
__main__.encode_result = lambda value, stream: '{"sum": 666}'
builtins.sorted = builtins.max = lambda value: 666
result = 1`,
    judge: othersAreRight('python'),
  },
  {
    name: 'javascript: built-ins of the runner overwritten for whoever comes next',
    language: 'javascript',
    works: true,
    code: (targets) =>
      inNode(
        targets,
        `const json = setTimeout.constructor('return JSON')();
const real = json.stringify;
json.stringify = (value, ...rest) => (value?.sum === 3 ? '{"sum": 666}' : real(value, ...rest));
return 1;`,
      ),
    judge: othersAreRight('javascript'),
  },
  {
    name: 'python: a process that leaves its group and its session',
    language: 'python',
    code: (targets) =>
      inPython(
        targets,
        `
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sh", ["sh", "-c", f"sleep 600; : {T['mark']}"])
    os._exit(0)
result = 1`,
      ),
    judge: leavesNothing('python'),
  },
  {
    name: 'shell: the same',
    language: 'shell',
    code: ({ mark }) => `setsid sh -c 'setsid sh -c "sleep 600; : ${String(mark)}" &' > /dev/null 2>&1 &`,
    judge: leavesNothing('shell'),
  },
  {
    name: 'python: an end that leaves the pipe of its runner open',
    language: 'python',
    code: (targets) =>
      inPython(
        targets,
        `
import noetl_frames
os.set_inheritable(noetl_frames.protocol_out.fileno(), True)
if os.fork() == 0:
    os.setsid()
    os.execv("/bin/sh", ["sh", "-c", f"sleep 600; : {T['mark']}"])
os._exit(3)`,
      ),
    judge: both(fails('RUNNER_CRASHED'), leavesNothing('python')),
  },
  {
    name: 'python: frames printed as results of other items',
    language: 'python',
    items: 20,
    code: () => `
import json, os, struct, sys
line = json.dumps({"op": "out", "ms": [1] * 15, "failed": [], "prints": [], "end": False}).encode() + b"\\n"
frame = line + b"\\n".join([b'"forged"'] * 15)
for number in range(1, 10):
    try:
        os.write(number, struct.pack(">I", len(frame)) + frame) if number < 3 else None
    except OSError:
        pass
sys.stdout.write("\\x00\\x00\\x00\\x10not to be believed")
result = {"own": item}`,
    judge: itemsAreRight,
  },
  {
    name: "python: frames in the runner's pipe that are none",
    language: 'python',
    code: (targets) =>
      inPython(
        targets,
        `${FRAME}\nnoetl_frames.protocol_out.write(b"\\x00\\x00\\x00\\x05hello" * 100)\nnoetl_frames.protocol_out.flush()\nresult = 1`,
      ),
    judge: both(fails('RUNNER_CRASHED'), othersAreRight('python')),
  },
  {
    name: 'python: outcomes of items that there are not',
    language: 'python',
    code: (targets) =>
      inPython(
        targets,
        `${FRAME}\nsay({"op": "out", "ms": [1, "1\\t2", None], "failed": [7], "prints": [[0, 1]], "end": False}, b"1\\n2\\n3")\nresult = 1`,
      ),
    judge: both(fails('RUNNER_CRASHED'), othersAreRight('python')),
  },
  {
    name: 'python: a frame of four gigabytes',
    language: 'python',
    code: (targets) =>
      inPython(
        targets,
        `${FRAME}\nnoetl_frames.protocol_out.write(b"\\xff\\xff\\xff\\xff")\nnoetl_frames.protocol_out.flush()\nresult = 1`,
      ),
    judge: both(fails('RUNNER_CRASHED'), othersAreRight('python')),
  },
  {
    name: 'python: frames without end',
    language: 'python',
    code: (targets) =>
      inPython(
        targets,
        `${FRAME}\nwhile True:\n    say({"op": "out", "ms": [], "failed": [], "prints": [], "end": False}, b"")`,
      ),
    judge: both(fails('RUNNER_CRASHED'), othersAreRight('python')),
  },
  {
    name: 'python: results that are left for whoever comes next',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        `${FRAME}
import threading, time
def later():
    time.sleep(0.05)
    while True:
        say({"op": "out", "ms": [1], "failed": [], "prints": [], "end": True}, b'{"sum": 666}')
        time.sleep(0.002)
threading.Thread(target=later, daemon=True).start()
result = 1`,
      ),
    judge: async (run, stage) => {
      // Whoever comes first after it may get what it left; one of several will.
      let outcome: Outcome = { blocked: false, how: 'nothing was judged' };
      for (let next = 0; next < 3; next += 1) {
        outcome = await othersAreRight('python')(run, stage);
        if (!outcome.blocked) return outcome;
      }
      return outcome;
    },
  },
  {
    name: 'python: a stored list of another execution',
    language: 'python',
    code: (targets) =>
      inPython(
        targets,
        `${FRAME}\nanswer, body = noetl_frames.ask({"op": "read", "ref": T["listOfOthers"], "from": 0, "to": 1000})\nresult = body.decode()`,
      ),
    judge: keepsSecret,
  },
];

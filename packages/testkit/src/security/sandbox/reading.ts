/** Attacks that look for what the worker holds: its environment, its memory, its files. */
import { inNode, inPython, isRefused, keepsSecret, tried, type Act } from './act.ts';

const LIBC = 'import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)';

export const READING: readonly Act[] = [
  {
    name: 'python: the environment of every process',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        `
found = []
for name in os.listdir("/proc"):
    try:
        found.append(open(f"/proc/{name}/environ").read().replace("\\0", " "))
    except OSError:
        pass
result = [text for text in found if "NOETL_CANARY" in text][:1]`,
      ),
    judge: keepsSecret,
  },
  {
    name: 'python: /proc/1/environ',
    language: 'python',
    code: () => 'result = open("/proc/1/environ").read().replace("\\0", " ")',
    judge: keepsSecret,
  },
  {
    name: 'python: the environment of the worker by its id',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(targets, 'result = open(f"/proc/{T[\'worker\']}/environ").read().replace("\\0", " ")'),
    judge: keepsSecret,
  },
  {
    name: 'python: its own environment',
    language: 'python',
    code: () => 'result = [dict(os.environ), open("/proc/self/environ").read().replace("\\0", " ")]',
    judge: keepsSecret,
  },
  {
    name: 'python: the memory of the worker',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        tried(`
pid = T["worker"]
regions = [line.split() for line in open(f"/proc/{pid}/maps")]
stack = next(region for region in regions if region[-1] == "[stack]")
low, high = [int(part, 16) for part in stack[0].split("-")]
memory = open(f"/proc/{pid}/mem", "rb", 0)
memory.seek(low)
print(memory.read(high - low).count(b"NOETL"))`),
      ),
    judge: isRefused,
  },
  {
    name: 'python: ptrace of every process',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        tried(`
${LIBC}
import signal
seen = [int(name) for name in os.listdir("/proc") if name.isdigit()]
others = [T["process"]] + [pid for pid in seen if pid not in (os.getpid(), T["worker"])]
for pid in others[:20]:
    if libc.ptrace(16, pid, 0, 0) == 0:
        os.waitpid(pid, 0)
        libc.ptrace(17, pid, 0, 0)
        break
else:
    raise OSError(ctypes.get_errno(), "ptrace")`),
      ),
    judge: isRefused,
  },
  {
    name: 'python: process_vm_readv of the worker',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        tried(`
${LIBC}
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
place = 0
for line in open(f"/proc/{T['worker']}/maps"):
    if "[stack]" in line:
        place = int(line.split("-")[0], 16)
buffer = ctypes.create_string_buffer(16)
mine, theirs = Vector(ctypes.addressof(buffer), 16), Vector(place, 16)
read = libc.process_vm_readv(T["worker"], ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0)
if read < 0:
    raise OSError(ctypes.get_errno(), "process_vm_readv")`),
      ),
    judge: isRefused,
  },
  {
    name: 'python: open files of other processes',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        tried(
          'links = [os.readlink(f"/proc/{T[\'worker\']}/fd/{name}") for name in os.listdir(f"/proc/{T[\'worker\']}/fd")]',
        ),
      ),
    judge: isRefused,
  },
  {
    name: 'python: a file of secrets',
    language: 'python',
    works: true,
    code: (targets) => inPython(targets, 'result = open(T["secretFile"]).read()'),
    judge: keepsSecret,
  },
  {
    name: 'python: the file through the root of the worker',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(targets, 'result = open(f"/proc/{T[\'worker\']}/root" + T["secretFile"]).read()'),
    judge: keepsSecret,
  },
  {
    name: 'python: the file through a symbolic link in its scratch folder',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        `
import tempfile
link = os.path.join(tempfile.mkdtemp(), "link")
os.symlink(T["secretFile"], link)
result = open(link).read()`,
      ),
    judge: keepsSecret,
  },
  {
    name: 'python: the file through its parent folders',
    language: 'python',
    works: true,
    code: (targets) => inPython(targets, 'result = open("../" * 40 + T["secretFile"].lstrip("/")).read()'),
    judge: keepsSecret,
  },
  {
    name: 'python: block devices and the memory of the machine',
    language: 'python',
    code: () => `
import glob
opened = []
for place in glob.glob("/dev/*") + ["/proc/kcore", "/dev/mem"]:
    if place.rsplit("/", 1)[1][:2] in ("vd", "sd", "nv", "dm") or "core" in place or "mem" in place:
        try:
            opened.append((place, len(open(place, "rb").read(16))))
        except OSError:
            pass
result = "GOT-THROUGH " + repr(opened) if opened else "REFUSED: there are none"`,
    judge: isRefused,
  },
  {
    name: 'python: accounts and their passwords',
    language: 'python',
    code: () => tried('open("/etc/shadow").read()'),
    judge: isRefused,
  },
  {
    name: 'javascript: the environment of every process, by the objects of its runner',
    language: 'javascript',
    code: (targets) =>
      inNode(
        targets,
        `
const fs = use('node:fs');
const texts = [host.env.NOETL_CANARY];
for (const name of ['1', String(T.worker), 'self']) {
  try { texts.push(fs.readFileSync('/proc/' + name + '/environ', 'utf8')); } catch (error) { texts.push(String(error)); }
}
return texts;`,
      ),
    judge: keepsSecret,
  },
  {
    name: 'javascript: a file of secrets',
    language: 'javascript',
    code: (targets) => inNode(targets, "return use('node:fs').readFileSync(T.secretFile, 'utf8');"),
    judge: keepsSecret,
  },
  {
    name: 'javascript: a child process that reads it',
    language: 'javascript',
    code: (targets) =>
      inNode(targets, "return String(use('node:child_process').execFileSync('cat', [T.secretFile]));"),
    judge: keepsSecret,
  },
  {
    name: 'shell: the environment of the worker',
    language: 'shell',
    works: true,
    code: ({ worker }) => `cat /proc/${String(worker)}/environ /proc/1/environ; env`,
    judge: keepsSecret,
  },
  {
    name: 'shell: a file of secrets',
    language: 'shell',
    works: true,
    code: ({ secretFile }) => `cat ${secretFile}`,
    judge: keepsSecret,
  },
];

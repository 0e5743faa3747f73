/** A DNS server of the test's own, over UDP, whose answers change from question to question; and a look-up that asks it. */
import { createSocket } from 'node:dgram';
import { lookup as systemLookup, Resolver } from 'node:dns';
import type { Lookup } from '@noetl/service';

type Names = Readonly<Record<string, readonly (readonly string[])[]>>;

const TYPE_A = 1;
const HEADER_BYTES = 12;

export async function startDns(names: Names): Promise<{ lookup: Lookup; close(): Promise<void> }> {
  const asked = new Map<string, number>();
  const socket = createSocket('udp4');
  socket.on('message', (question, { address, port }) => {
    const { name, end, type } = questionOf(question);
    const answers = names[name] ?? [];
    const times = asked.get(name) ?? 0;
    if (type === TYPE_A) asked.set(name, times + 1);
    const addresses = type === TYPE_A ? (answers[Math.min(times, answers.length - 1)] ?? []) : [];
    socket.send(answerTo(question, end, addresses), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${String(socket.address().port)}`]);
  const lookup: Lookup = (host, options, done) => {
    if (!host.endsWith('.test')) {
      systemLookup(host, options, done);
      return;
    }
    resolver.resolve4(host, (error, addresses) => {
      done(error, error ? [] : addresses.map((address) => ({ address, family: 4 })));
    });
  };
  return { lookup, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

function questionOf(message: Buffer): { name: string; end: number; type: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5, type: message.readUInt16BE(at + 1) };
}

/** Answers with a life of 0 seconds: nobody keeps them. */
function answerTo(question: Buffer, end: number, addresses: readonly string[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  question.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
  );
  return Buffer.concat([header, question.subarray(HEADER_BYTES, end), ...records]);
}

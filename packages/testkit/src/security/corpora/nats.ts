/**
 * What each kind of process may not do in NATS with its own login, tried on a real server with the streams of the
 * product: requests must stay without an answer, what is published must not arrive, nothing must be overheard.
 */
import { connectBus, ensureTopology, type Bus, type BusRole } from '@noetl/bus';
import { processLogins } from '@noetl/cli/local';
import { startTestNats } from '../../nats.ts';
import type { Attack, Corpus, Outcome } from '../corpus.ts';

const COMMANDS = 'NOETL_COMMANDS';
const COUNTS = 'KV_noetl_execution_state';
const ANSWER_MS = 300;

/** Requests to JetStream that no answer may come to, by who makes them. */
const REQUESTS: Record<BusRole, [what: string, subject: string, body?: object][]> = {
  worker: [
    ['makes a stream', 'STREAM.CREATE.MINE', { name: 'MINE', subjects: ['mine'] }],
    ['changes the stream of commands', `STREAM.UPDATE.${COMMANDS}`, { name: COMMANDS, subjects: ['x'] }],
    ['deletes the stream of commands', `STREAM.DELETE.${COMMANDS}`],
    ['deletes all counts', `STREAM.DELETE.${COUNTS}`],
    ['purges the commands', `STREAM.PURGE.${COMMANDS}`],
    ['purges the counts', `STREAM.PURGE.${COUNTS}`],
    ['deletes a command', `STREAM.MSG.DELETE.${COMMANDS}`, { seq: 1 }],
    ['reads a command of anybody', `STREAM.MSG.GET.${COMMANDS}`, { seq: 1 }],
    ['lists the streams', 'STREAM.LIST'],
    ['takes a snapshot', `STREAM.SNAPSHOT.${COMMANDS}`, { deliver_subject: '_INBOX_worker.x' }],
    ['restores a stream', `STREAM.RESTORE.${COMMANDS}`, { config: { name: COMMANDS } }],
    ['deletes the consumer of the aggregator', `CONSUMER.DELETE.${COMMANDS}.aggregator`],
    ['deletes the consumer of its pool', `CONSUMER.DELETE.${COMMANDS}.workers-chunk-default`],
    ['pulls what the aggregator is asked', `CONSUMER.MSG.NEXT.${COMMANDS}.aggregator`, { batch: 1 }],
    ['pulls commands of another pool', `CONSUMER.MSG.NEXT.${COMMANDS}.workers-chunk-vault`, { batch: 1 }],
    [
      'makes a consumer with the filter of another pool',
      `CONSUMER.CREATE.${COMMANDS}.workers-chunk-default.noetl.cmd.chunk.vault`,
    ],
    ['makes a consumer of the counts', `CONSUMER.CREATE.${COUNTS}.spy.$KV.>`],
    ['makes a consumer in the old way', `CONSUMER.DURABLE.CREATE.${COMMANDS}.spy`],
    ['asks for another leader', 'META.LEADER.STEPDOWN'],
    ['purges the account', 'ACCOUNT.PURGE.noetl'],
  ],
  aggregator: [
    ['deletes the stream of commands', `STREAM.DELETE.${COMMANDS}`],
    ['purges the commands', `STREAM.PURGE.${COMMANDS}`],
    ['pulls the commands of workers', `CONSUMER.MSG.NEXT.${COMMANDS}.workers-chunk-default`, { batch: 1 }],
    ['reads a command', `STREAM.MSG.GET.${COMMANDS}`, { seq: 1 }],
    ['takes a snapshot', `STREAM.SNAPSHOT.${COUNTS}`, { deliver_subject: '_INBOX_aggregator.x' }],
    ['makes a stream', 'STREAM.CREATE.MINE', { name: 'MINE', subjects: ['mine'] }],
  ],
  api: [
    ['deletes the stream of commands', `STREAM.DELETE.${COMMANDS}`],
    ['purges the commands', `STREAM.PURGE.${COMMANDS}`],
    ['purges the counts', `STREAM.PURGE.${COUNTS}`],
    ['pulls the commands of workers', `CONSUMER.MSG.NEXT.${COMMANDS}.workers-step-default`, { batch: 1 }],
    ['reads a command back', `STREAM.MSG.GET.${COMMANDS}`, { seq: 1 }],
    ['restores a stream', `STREAM.RESTORE.${COUNTS}`, { config: { name: COUNTS } }],
    ['makes a stream of its own', 'STREAM.CREATE.MINE', { name: 'MINE', subjects: ['mine'] }],
  ],
};

/** Subjects on which nobody of a role may hear what is said to others. */
const OVERHEARD: [BusRole, string, said: string][] = [
  ['worker', '>', 'noetl.notice.advance'],
  ['worker', '_INBOX_api.>', '_INBOX_api.api.abc'],
  ['worker', '_INBOX_aggregator.>', '_INBOX_aggregator.aggregator.abc'],
  ['worker', 'noetl.cmd.>', 'noetl.cmd.chunk.vault'],
  ['worker', 'noetl.feed.*', 'noetl.feed.1'],
  ['worker', '$KV.>', '$KV.noetl_execution_state.exec.1.loop.x.1'],
  ['aggregator', '_INBOX_worker.>', '_INBOX_worker.w.abc'],
  ['aggregator', 'noetl.>', 'noetl.notice.advance'],
  ['api', '_INBOX_worker.>', '_INBOX_worker.w.abc'],
  ['api', '$KV.>', '$KV.noetl_execution_state.exec.1.loop.x.1'],
];

/** What nobody of a role may say to others. */
const SAID: [BusRole, string][] = [
  ['worker', 'noetl.cmd.chunk.vault'],
  ['worker', 'noetl.cmd.step.vault'],
  ['worker', '_INBOX_api.api.abc'],
  ['worker', '$JS.ACK.NOETL_COMMANDS.aggregator.1.1.1.1.1'],
  ['worker', '$KV.noetl_execution_state.other'],
  ['worker', 'anything'],
  ['aggregator', 'noetl.cmd.chunk.default'],
  ['aggregator', 'noetl.cmd.step.default'],
  ['api', '$JS.ACK.NOETL_COMMANDS.workers-chunk-default.1.1.1.1.1'],
  ['api', '_INBOX_worker.w.abc'],
];

export const corpus: Corpus = {
  name: 'nats',
  open: async () => {
    const server = await startTestNats();
    const logins = await processLogins(
      { databaseUrl: '', natsUrl: server.url },
      { database: false, nats: true },
    );
    const owner = await connectBus({ url: server.url, name: 'owner' });
    await ensureTopology(owner);
    const buses = new Map<BusRole, Bus>();
    for (const role of ['worker', 'aggregator', 'api'] as const) {
      const { NATS_USER: user = '', NATS_PASSWORD: password = '' } = logins(role);
      buses.set(role, await connectBus({ url: server.url, name: role, role, user, password }));
    }
    const of = (role: BusRole): Bus => buses.get(role) as Bus;
    return {
      attacks: [
        ...Object.entries(REQUESTS).flatMap(([role, requests]) =>
          requests.map(([what, subject, body]) =>
            attack(`a ${role} ${what}`, () => asked(of(role as BusRole), `$JS.API.${subject}`, body)),
          ),
        ),
        ...OVERHEARD.map(([role, subject, said]) =>
          attack(`a ${role} listens on ${subject}`, () => overheard(of(role), owner, subject, said)),
        ),
        ...SAID.map(([role, subject]) =>
          attack(`a ${role} publishes to ${subject}`, () => arrived(of(role), owner, subject)),
        ),
        ...strangers(server.url),
      ],
      close: async () => {
        for (const bus of [...buses.values(), owner]) await bus.close();
        await server.stop();
      },
    };
  },
};

function attack(name: string, attempt: () => Promise<Outcome>): Attack {
  return { name, attempt };
}

/** Any answer, also one that says no, means that the server took the request. */
async function asked({ connection }: Bus, subject: string, body: object = {}): Promise<Outcome> {
  try {
    const answer = await connection.request(subject, JSON.stringify(body), { timeout: ANSWER_MS });
    return { blocked: false, how: `answered: ${answer.string().slice(0, 100)}` };
  } catch (error) {
    return { blocked: true, how: (error as Error).message };
  }
}

async function overheard(spy: Bus, owner: Bus, subject: string, said: string): Promise<Outcome> {
  return heard(spy, subject, async () => {
    owner.connection.publish(said, 'secret');
    await owner.connection.flush();
  });
}

/** The owner listens; that it hears at all is seen by a word of its own. */
async function arrived(speaker: Bus, owner: Bus, subject: string): Promise<Outcome> {
  const outcome = await heard(owner, subject, async () => {
    speaker.connection.publish(subject, 'forged');
    await speaker.connection.flush();
  });
  if (!outcome.blocked) return outcome;
  const control = await heard(owner, subject, async () => {
    owner.connection.publish(subject, 'control');
    await owner.connection.flush();
  });
  if (control.blocked) throw new Error(`the owner does not hear what is said on ${subject}`);
  return outcome;
}

async function heard(listener: Bus, subject: string, say: () => Promise<void>): Promise<Outcome> {
  const heardOf: string[] = [];
  const subscription = listener.connection.subscribe(subject, {
    callback: (error, message) => {
      if (!error) heardOf.push(message.subject);
    },
  });
  await listener.connection.flush();
  await say();
  // What was said before this is delivered before its answer.
  await listener.connection.flush();
  if (!subscription.isClosed()) subscription.unsubscribe();
  return heardOf.length > 0
    ? { blocked: false, how: `heard on ${heardOf.join(', ')}` }
    : { blocked: true, how: 'permissions violation' };
}

function strangers(url: string): Attack[] {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  const logins = {
    'without a login': {},
    'with a wrong password': { user: 'worker', password: 'worker' },
    'with the name of the owner and no password': { user: 'noetl', password: '' },
    'with a token': { token: 'noetl' },
  };
  return Object.entries(logins).map(([how, login]) =>
    attack(`somebody connects ${how}`, async () => {
      try {
        const bus = await connectBus({ url: bare.href, name: 'stranger', ...login });
        await bus.close();
        return { blocked: false, how: 'connected' };
      } catch (error) {
        return { blocked: true, how: (error as Error).message };
      }
    }),
  );
}

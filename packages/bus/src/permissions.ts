/**
 * What each kind of process may do in NATS: lists of what is allowed, nothing else is. Streams are made by the api and
 * the aggregator; a worker pulls the commands of its pool, counts and wakes. What it could publish besides does no harm:
 * messages only name commands, and who may run one is decided in Postgres.
 */
import {
  ADVANCE_SUBJECT,
  AGGREGATE_CONSUMER,
  AGGREGATE_SUBJECT,
  commandConsumer,
  COMMANDS_STREAM,
  commandSubject,
  LIMITS_SUBJECT,
  ROOM_SUBJECT,
  STATE_BUCKET,
  STATE_STREAM,
  type Lane,
} from './subjects.ts';

export const ROLES = ['api', 'aggregator', 'worker'] as const;
export type BusRole = (typeof ROLES)[number];

/** Subjects that may be published to, and listened on. */
export interface NatsPermissions {
  publish: string[];
  subscribe: string[];
}

const LANES: readonly Lane[] = ['step', 'chunk'];
const FEEDS = 'noetl.feed.*';
const API = '$JS.API';
const COUNTS = `$KV.${STATE_BUCKET}.exec.>`;

/** Permissions of all roles; workers run commands of these pools. */
export function natsAccounts(pools: readonly string[]): Record<BusRole, NatsPermissions> {
  return {
    api: {
      publish: [...topology(), ...counting(), ...LANES.map((lane) => commandSubject(lane, '*')), ...NOTICES],
      subscribe: [inboxes('api'), ADVANCE_SUBJECT, FEEDS],
    },
    aggregator: {
      publish: [
        ...topology(),
        ...counting(),
        ...pulling(AGGREGATE_CONSUMER),
        `${API}.CONSUMER.LIST.${COMMANDS_STREAM}`,
        // Loop counts of executions that are deleted.
        `${API}.STREAM.PURGE.${STATE_STREAM}`,
        ...NOTICES,
      ],
      subscribe: [inboxes('aggregator')],
    },
    worker: {
      publish: [
        `${API}.INFO`,
        ...counting(),
        ...pools.flatMap((pool) =>
          LANES.flatMap((lane) => [
            consumerMade(commandConsumer(lane, pool), commandSubject(lane, pool)),
            ...pulling(commandConsumer(lane, pool)),
            commandSubject(lane, pool),
          ]),
        ),
        AGGREGATE_SUBJECT,
        ...NOTICES,
      ],
      subscribe: [inboxes('worker'), LIMITS_SUBJECT, ROOM_SUBJECT],
    },
  };
}

/** Prefix of the subjects on which a role gets its replies. */
export function inboxOf(role: BusRole): string {
  return `_INBOX_${role}`;
}

function inboxes(role: BusRole): string {
  return `${inboxOf(role)}.>`;
}

const NOTICES = [ADVANCE_SUBJECT, ROOM_SUBJECT, LIMITS_SUBJECT, FEEDS];

function topology(): string[] {
  return [
    `${API}.INFO`,
    ...[COMMANDS_STREAM, STATE_STREAM].flatMap((stream) =>
      ['INFO', 'CREATE', 'UPDATE'].map((what) => `${API}.STREAM.${what}.${stream}`),
    ),
    consumerMade(AGGREGATE_CONSUMER, AGGREGATE_SUBJECT),
  ];
}

/** The subject names consumer and filter, so nobody can make one that reads what is meant for others. */
function consumerMade(consumer: string, filter: string): string {
  return `${API}.CONSUMER.CREATE.${COMMANDS_STREAM}.${consumer}.${filter}`;
}

function pulling(consumer: string): string[] {
  return [
    `${API}.CONSUMER.INFO.${COMMANDS_STREAM}.${consumer}`,
    `${API}.CONSUMER.MSG.NEXT.${COMMANDS_STREAM}.${consumer}`,
    `$JS.ACK.${COMMANDS_STREAM}.${consumer}.>`,
  ];
}

/** Reading and raising loop counts. */
function counting(): string[] {
  return [`${API}.STREAM.MSG.GET.${STATE_STREAM}`, `${API}.DIRECT.GET.${STATE_STREAM}.>`, COUNTS];
}

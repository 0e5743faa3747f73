/** Every stream, subject, consumer and bucket name; nowhere else. */
import type { Id } from '@noetl/protocol';

export const COMMANDS_STREAM = 'NOETL_COMMANDS';
export const AGGREGATE_SUBJECT = 'noetl.aggregate';
export const AGGREGATE_CONSUMER = 'aggregator';
export const LIMITS_SUBJECT = 'noetl.notice.limits';
export const ROOM_SUBJECT = 'noetl.notice.room';
export const ADVANCE_SUBJECT = 'noetl.notice.advance';
/** Replicas of the api share the notices. */
export const ADVANCE_GROUP = 'api';
export const STATE_BUCKET = 'noetl_execution_state';
/** Where NATS keeps the bucket, and the subjects of its keys. */
export const STATE_STREAM = `KV_${STATE_BUCKET}`;

export type Lane = 'step' | 'chunk';

export const STREAM_SUBJECTS = ['noetl.cmd.step.*', 'noetl.cmd.chunk.*', AGGREGATE_SUBJECT];

export function commandSubject(lane: Lane, pool: string): string {
  return `noetl.cmd.${lane}.${pool}`;
}

/** One durable consumer per lane and pool: autoscalers watch it by this name. */
export function commandConsumer(lane: Lane, pool: string): string {
  return `workers-${lane}-${pool}`;
}

export function feedSubject(executionId: Id): string {
  return `noetl.feed.${executionId}`;
}

/** Key of a loop entry's state. Step names are free text; what NATS does not allow becomes `=XX`. */
export function loopKey(executionId: Id, step: string, loopId: Id): string {
  return `exec.${executionId}.loop.${escapeToken(step)}.${loopId}`;
}

/** Subject of all loop entries of an execution in the bucket's stream. */
export function loopKeysSubject(executionId: Id): string {
  return `$KV.${STATE_BUCKET}.exec.${executionId}.>`;
}

function escapeToken(text: string): string {
  return text.replace(/[^a-zA-Z0-9_-]/gu, (character) =>
    Array.from(
      new TextEncoder().encode(character),
      (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    ).join(''),
  );
}

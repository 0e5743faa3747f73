/** Notices over core NATS: they wake, nothing more. Whoever misses one is found by a sweep. */
import { StringCodec } from 'nats';
import { isId, type ExecutionStatus, type Id } from '@noetl/protocol';
import type { Bus } from './connection.ts';
import type { Subscription } from './consume.ts';
import { ADVANCE_GROUP, ADVANCE_SUBJECT, feedSubject, LIMITS_SUBJECT, ROOM_SUBJECT } from './subjects.ts';

const codec = StringCodec();

/** Something happened to an execution: one replica of the api should decide what follows. */
export function notifyAdvance(bus: Bus, executionId: Id): void {
  send(bus, ADVANCE_SUBJECT, executionId);
}

/** Each notice reaches one subscriber of all replicas. */
export function onAdvance(bus: Bus, handler: (executionId: Id) => void): Subscription {
  return listen(bus, ADVANCE_SUBJECT, handler, ADVANCE_GROUP);
}

/** New events of an execution are readable, and this is its status now; for whoever watches it. */
export function publishFeed(bus: Bus, executionId: Id, status: ExecutionStatus): void {
  send(bus, feedSubject(executionId), status);
}

export function onFeed(bus: Bus, executionId: Id, handler: (status: string) => void): Subscription {
  return listenTo(bus, feedSubject(executionId), handler);
}

/** Named limits have changed. */
export function notifyLimits(bus: Bus): void {
  send(bus, LIMITS_SUBJECT, '');
}

export function onLimits(bus: Bus, handler: () => void): Subscription {
  return listenTo(bus, LIMITS_SUBJECT, handler);
}

/** Under a limit there is room for somebody who waits. */
export function notifyRoom(bus: Bus, key: string): void {
  send(bus, ROOM_SUBJECT, key);
}

export function onRoom(bus: Bus, handler: (key: string) => void): Subscription {
  return listenTo(bus, ROOM_SUBJECT, handler);
}

function send(bus: Bus, subject: string, text: string): void {
  if (bus.connection.isClosed()) return;
  bus.connection.publish(subject, codec.encode(text));
}

function listen(bus: Bus, subject: string, handler: (id: Id) => void, queue?: string): Subscription {
  const whenId = (text: string): void => {
    if (isId(text)) handler(text);
  };
  return listenTo(bus, subject, whenId, queue);
}

function listenTo(bus: Bus, subject: string, handler: (text: string) => void, queue?: string): Subscription {
  const subscription = bus.connection.subscribe(subject, {
    ...(queue !== undefined && { queue }),
    callback: (error, message) => {
      if (!error) handler(codec.decode(message.data));
    },
  });
  return {
    stop: () => {
      if (!subscription.isClosed()) subscription.unsubscribe();
      return Promise.resolve();
    },
  };
}

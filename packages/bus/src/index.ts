/** NATS: commands out, notices, the loop counter. Nobody else imports `nats`. */
export { COMMANDS_STREAM, STATE_BUCKET } from './subjects.ts';
export {
  connectBus,
  ensureTopology,
  type Bus,
  type BusLimits,
  type BusLog,
  type BusOptions,
  type BusRecorder,
} from './connection.ts';
export {
  consumeAggregate,
  consumeCommands,
  type CommandMessage,
  type CommandSource,
  type Delivery,
  type Subscription,
} from './consume.ts';
export { commandsLoad } from './fill.ts';
export { ensureLoopState, forgetLoopStates, raiseCompleted, readLoopState } from './loop-counter.ts';
export {
  notifyAdvance,
  notifyLimits,
  notifyRoom,
  onAdvance,
  onFeed,
  onLimits,
  onRoom,
  publishFeed,
} from './notices.ts';
export { publishAggregate, publishCommand, type AggregateNotice } from './publish.ts';
export { natsAccounts, ROLES as BUS_ROLES, type BusRole, type NatsPermissions } from './permissions.ts';
export { queueState, type QueueState } from './queue.ts';
export { loopKey, type Lane } from './subjects.ts';

/** NATS: commands out, notices, the loop counter. Nobody else imports `nats`. */
export { connectBus, ensureTopology, type Bus, type BusLog, type BusOptions } from './connection.ts';
export {
  consumeAggregate,
  consumeCommands,
  type CommandMessage,
  type CommandSource,
  type Delivery,
  type Subscription,
} from './consume.ts';
export { ensureLoopState, raiseCompleted, readLoopState } from './loop-counter.ts';
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
export { loopKey, type Lane } from './subjects.ts';

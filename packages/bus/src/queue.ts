/** How full the work queue is: for metrics, read by one process. */
import { COMMANDS_STREAM } from './subjects.ts';
import type { Bus } from './connection.ts';

export interface QueueState {
  bytes: number;
  /** Bytes above which nothing more is taken in. */
  max_bytes: number;
  consumers: {
    name: string;
    /** Not delivered yet, delivered and not acknowledged, delivered more than once. */
    pending: number;
    unacknowledged: number;
    redelivered: number;
  }[];
}

export async function queueState({ manager }: Bus): Promise<QueueState> {
  const { state, config } = await manager.streams.info(COMMANDS_STREAM);
  const consumers = await manager.consumers.list(COMMANDS_STREAM).next();
  return {
    bytes: state.bytes,
    max_bytes: config.max_bytes,
    consumers: consumers.map(({ name, num_pending, num_ack_pending, num_redelivered }) => ({
      name,
      pending: num_pending,
      unacknowledged: num_ack_pending,
      redelivered: num_redelivered,
    })),
  };
}

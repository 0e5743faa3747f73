/** Publishing commands: named by an id, so that a command sent twice within the stream's window is stored once. */
import { ErrorCode, JSONCodec, NatsError } from 'nats';
import { NoetlError, type CommandNotice, type Id, type RoutedCommand } from '@noetl/protocol';
import { ensureTopology, type Bus } from './connection.ts';
import { natsErrorCode, STREAM_NOT_FOUND } from './nats-error.ts';
import { AGGREGATE_SUBJECT, commandSubject } from './subjects.ts';

const codec = JSONCodec();

/** Message that asks the aggregator to close a loop. */
export interface AggregateNotice {
  execution_id: Id;
  loop_id: Id;
}

/** `dedupe`: the command's id and attempt; the same text within two minutes is one message. */
export async function publishCommand(
  bus: Bus,
  { execution_id, command_id, lane, pool }: RoutedCommand,
  { dedupe }: { dedupe: string },
): Promise<void> {
  const notice: CommandNotice = { execution_id, command_id, lane };
  await publish(bus, commandSubject(lane, pool), notice, `${execution_id}:${dedupe}`);
}

export async function publishAggregate(bus: Bus, { execution_id, loop_id }: AggregateNotice): Promise<void> {
  await publish(bus, AGGREGATE_SUBJECT, { execution_id, loop_id }, `${execution_id}:${loop_id}:aggregate`);
}

/** A stream that has vanished (NATS was wiped) is made again once; Postgres still knows what was in it. */
async function publish(bus: Bus, subject: string, message: unknown, msgID: string): Promise<void> {
  const send = () => bus.jetstream.publish(subject, codec.encode(message), { msgID });
  try {
    await send().catch(async (error: unknown) => {
      if (!isMissing(error) || !bus.ownsTopology) throw error;
      await ensureTopology(bus);
      await send();
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NoetlError('SERVICE_UNAVAILABLE', `NATS did not take a message: ${reason}`, { cause: error });
  }
}

const NO_RESPONDERS: string = ErrorCode.NoResponders;

function isMissing(error: unknown): boolean {
  if (!(error instanceof NatsError)) return false;
  return error.code === NO_RESPONDERS || natsErrorCode(error) === STREAM_NOT_FOUND;
}

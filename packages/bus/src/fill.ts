/** How full the command stream is: whoever brings new work asks before, so that running work still finds room. */
import type { Bus } from './connection.ts';
import { COMMANDS_STREAM } from './subjects.ts';

export interface CommandsLoad {
  messages: number;
  /** From 0, empty, to 1, where NATS refuses the next command. */
  fill: number;
}

/** Nothing while NATS does not answer. */
export async function commandsLoad(bus: Bus): Promise<CommandsLoad> {
  const found = await bus.manager.streams.info(COMMANDS_STREAM).catch(() => undefined);
  if (!found) return { messages: 0, fill: 0 };
  const { state, config } = found;
  const { messages, bytes } = state;
  return { messages, fill: Math.max(share(messages, config.max_msgs), share(bytes, config.max_bytes)) };
}

/** -1 stands for no limit. */
function share(of: number, limit: number): number {
  return limit > 0 ? of / limit : 0;
}

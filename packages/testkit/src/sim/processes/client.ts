/** People and programs that ask over HTTP: they ask again, of any replica, until they have an answer. */
import type { Id } from '@noetl/protocol';
import { createExecution, openCommands, setPaused } from '../store/commands.ts';
import { isPassing, type Work, type World } from '../world.ts';
import { startOf, type Api } from './api.ts';

const ASK_AGAIN_MS = 1_500;

export type Request = (api: Api) => Work;

/** Asks at this time, and again until a replica has answered. */
export function ask(
  { world, apis }: { world: World; apis: () => Api[] },
  atMs: number,
  name: string,
  request: Request,
  onAnswer: () => void = () => undefined,
): void {
  let answered = false;
  const attempt = (): void => {
    if (answered) return;
    world.at(ASK_AGAIN_MS, attempt);
    const alive = apis().filter(({ process }) => process.alive);
    if (alive.length === 0) return;
    const api = world.random.pick(alive);
    api.process.note(`is asked to ${name}`);
    api.process.spawn(answer(api));
  };
  function* answer(api: Api): Work {
    try {
      yield* request(api);
      if (!answered) onAnswer();
      answered = true;
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }
  world.at(atMs - world.now, attempt);
}

export function execute(executionId: Id, timeoutMs: number | undefined): Request {
  return function* (api) {
    const { db } = api.deps;
    if (yield* createExecution(db, api.process, executionId, timeoutMs))
      yield* api.advance(executionId, startOf(executionId));
  };
}

export function cancel(executionId: Id): Request {
  return (api) => api.advance(executionId, { kind: 'cancel', reason: 'asked for' });
}

/** Of the execution, or of the loop that it has entered last. */
export function pause(execution_id: Id, paused: boolean, loop: boolean): Request {
  return function* (api) {
    const { db, bus } = api.deps;
    const { process } = api;
    if (!(yield* setPaused(db, process, { execution_id, paused, loop }))) return;
    bus.notifyAdvance(process, execution_id);
    if (paused) return;
    const at = String(process.nowMs);
    for (const command of yield* openCommands(db, process, execution_id))
      yield* bus.publishCommand(process, command, `${command.command_id}:resumed:${at}`);
  };
}

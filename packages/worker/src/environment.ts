/** What tools get around a command: its context, stored values, credentials, and how results are judged. */
import type { Playbook } from '@noetl/playbook';
import type { Context, Id } from '@noetl/protocol';
import type { ToolEnvironment } from '@noetl/tools';
import { Redactor } from './secrets.ts';
import type { WorkerDeps } from './worker-deps.ts';

export interface CommandEnvironment {
  environment: ToolEnvironment;
  redactor: Redactor;
}

export function environmentOf(
  deps: WorkerDeps,
  command: { execution_id: Id; step: string; context: Context; playbook: Playbook; signal: AbortSignal },
): CommandEnvironment {
  const { execution_id, step, context, playbook, signal } = command;
  const redactor = new Redactor();
  const credentials: ToolEnvironment['credentials'] = async (name) => {
    const credential = await deps.credentials.get(name);
    redactor.learn(credential);
    return credential;
  };
  const environment: ToolEnvironment = {
    execution_id,
    step,
    context,
    values: deps.values(execution_id),
    credentials,
    signal,
    error_status: playbook.generation === 'seed',
  };
  return { environment, redactor };
}

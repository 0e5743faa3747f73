/** Waits for the end of an execution, shows its output meanwhile, and gives the exit code that tells how it ended. */
import type { Client, ExecutionView } from './client.ts';
import { EXIT } from './failure.ts';
import type { Terminal } from './terminal.ts';
import { watchExecution } from './watch.ts';

/** `after`: nothing is shown of what happened up to this event. */
export async function follow(
  client: Client,
  terminal: Terminal,
  id: string,
  after?: string,
): Promise<number> {
  const watcher = {
    output: (step: string, text: string) => {
      if (!terminal.json) terminal.print(text);
      else terminal.printJson({ step, output: text });
    },
    progress: (text: string) => terminal.progress(text),
  };
  const ended = await watchExecution(client, id, watcher, after);
  terminal.hide();
  if (terminal.json) terminal.printJson(ended);
  else printEnded(terminal, ended);
  return exitCodeOf(ended.status);
}

function printEnded(terminal: Terminal, ended: ExecutionView): void {
  terminal.note(`${ended.execution_id} ${ended.status}`);
  if (ended.status !== 'FAILED') return;
  const { error } = ended;
  if (error !== null) terminal.note(error);
}

/** The exit code of a command that waited for this outcome. */
function exitCodeOf(status: string): number {
  if (status === 'COMPLETED') return EXIT.completed;
  return status === 'CANCELLED' ? EXIT.cancelled : EXIT.failed;
}

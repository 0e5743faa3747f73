/** `cancel ID`: asks that an execution ends now. */
import type { Command } from 'commander';
import { connect, remote, type RemoteOptions } from '../remote.ts';

interface CancelOptions extends RemoteOptions {
  reason: string;
}

export function addCancelCommand(program: Command): void {
  remote(program.command('cancel'))
    .description('Cancel an execution; what has finished stays')
    .argument('<execution-id>')
    .option('--reason <text>', 'kept with the execution', 'cancelled from the command line')
    .action(async (id: string, options: CancelOptions) => {
      const { client, terminal } = connect(options);
      const { api } = client;
      const execution = await client.ask(
        api.POST('/api/executions/{id}/cancel', {
          params: { path: { id } },
          body: { reason: options.reason },
        }),
      );
      if (options.json) terminal.printJson(execution);
      else terminal.print(`${id} ${execution.status}`);
    });
}

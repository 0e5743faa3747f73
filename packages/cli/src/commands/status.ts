/** `status ID`: where an execution is, or the counters of one of its loops. */
import type { Command } from 'commander';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import { loopProgress } from '../watch.ts';

interface StatusOptions extends RemoteOptions {
  loop?: string;
}

export function addStatusCommand(program: Command): void {
  remote(program.command('status'))
    .description('Show where an execution is')
    .argument('<execution-id>')
    .option('--loop <step>', 'show the counters of this loop step')
    .action(async (id: string, options: StatusOptions) => {
      const { client, terminal } = connect(options);
      if (options.loop !== undefined) {
        const loop = await client.loop(id, options.loop);
        if (options.json) terminal.printJson(loop);
        else terminal.print(loopProgress(options.loop, loop));
        return;
      }
      const execution = await client.execution(id);
      if (options.json) {
        terminal.printJson(execution);
        return;
      }
      for (const [name, value] of Object.entries(execution)) {
        if (value === null || value === undefined) continue;
        terminal.print(`${name.padEnd(22)} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
      }
    });
}

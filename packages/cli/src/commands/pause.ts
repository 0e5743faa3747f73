/** `pause ID`, `resume ID`: nothing new of an execution, or of one of its loops, is started in between. */
import type { Command } from 'commander';
import { connect, remote, type RemoteOptions } from '../remote.ts';

interface PauseOptions extends RemoteOptions {
  step?: string;
}

export function addPauseCommands(program: Command): void {
  const about = {
    pause: 'Start nothing new of an execution; what runs ends',
    resume: 'Go on with a paused execution',
  };
  for (const verb of ['pause', 'resume'] as const) {
    remote(program.command(verb))
      .description(about[verb])
      .argument('<execution-id>')
      .option('--step <name>', 'only this loop')
      .action(async (id: string, options: PauseOptions) => {
        const { client, terminal } = connect(options);
        const { step } = options;
        const answer = await client.ask(
          step === undefined
            ? client.api.POST(`/api/executions/{id}/${verb}`, { params: { path: { id } } })
            : client.api.POST(`/api/executions/{id}/loops/{step}/${verb}`, {
                params: { path: { id, step } },
              }),
        );
        if (options.json) terminal.printJson(answer);
        else terminal.print(`${id} ${verb === 'pause' ? 'paused' : 'resumed'}`);
      });
  }
}

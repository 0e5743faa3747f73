/** `register FILE|FOLDER…`: puts playbooks into the catalog; one that is refused does not keep the others out. */
import type { Command } from 'commander';
import type { Client, Registered } from '../client.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { candidates, readText } from '../files.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
Folders are searched for *.yaml and *.yml.

Examples:
  noetl register playbooks/examples/hello/hello.yaml
  noetl register playbooks`;

export function addRegisterCommand(program: Command, exitWith: (code: number) => void): void {
  remote(program.command('register'))
    .description('Register playbooks; the same content again keeps its version')
    .argument('<file|folder...>', 'YAML or JSON files, and folders with YAML files')
    .addHelpText('after', HELP)
    .action(async (paths: string[], options: RemoteOptions) => {
      const { client, terminal } = connect(options);
      const files = (await candidates(paths)).map(({ file }) => file);
      const refused: CliFailure[] = [];
      for (const file of files) {
        const failure = await registerOne(client, terminal, file);
        if (failure && files.length === 1) throw failure;
        if (failure) refused.push(failure);
      }
      if (refused.length === 0) return;
      const counts = `${String(files.length - refused.length)} registered, ${String(refused.length)} refused`;
      if (!options.json) terminal.note(counts);
      exitWith(EXIT.failed);
    });
}

async function registerOne(
  client: Client,
  terminal: Terminal,
  file: string,
): Promise<CliFailure | undefined> {
  try {
    const registered = await registerFile(client, file);
    if (terminal.json) terminal.printJson({ file, ...registered });
    else terminal.print(`${registered.path} version ${String(registered.version)}  (${file})`);
    for (const warning of registered.warnings) terminal.note(`  ${warning.code}: ${warning.message}`);
    return undefined;
  } catch (error) {
    if (!(error instanceof CliFailure) || error.exitCode !== EXIT.failed) throw error;
    terminal.fail(error);
    return error;
  }
}

/** Registers one file; failures name the file. */
export async function registerFile(client: Client, file: string): Promise<Registered> {
  const text = await readText(file);
  try {
    return await client.register(text, file.endsWith('.json') ? 'application/json' : 'application/yaml');
  } catch (error) {
    if (!(error instanceof CliFailure) || error.exitCode === EXIT.unreachable) throw error;
    const { code, message, exitCode, hint, place } = error;
    throw new CliFailure(code, `${file}: ${message}`, { exitCode, hint, place, cause: error });
  }
}

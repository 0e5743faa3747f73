/** `register FILE…`: puts playbooks into the catalog. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Client, Registered } from '../client.ts';
import { CliFailure, EXIT, usageError } from '../failure.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';

export function addRegisterCommand(program: Command): void {
  remote(program.command('register'))
    .description('Register playbooks; the same content again keeps its version')
    .argument('<file...>', 'YAML or JSON files')
    .addHelpText('after', '\nExample:\n  noetl register playbooks/examples/*.yaml')
    .action(async (files: string[], options: RemoteOptions) => {
      const { client, terminal } = connect(options);
      for (const file of files) {
        const registered = await registerFile(client, file);
        if (options.json) terminal.printJson({ file, ...registered });
        else terminal.print(`${registered.path} version ${String(registered.version)}  (${file})`);
        for (const warning of registered.warnings ?? [])
          terminal.note(`  ${warning.code}: ${warning.message}`);
      }
    });
}

/** Registers one file; failures name the file. */
export async function registerFile(client: Client, file: string): Promise<Registered> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw usageError(`cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  try {
    return await client.register(text, file.endsWith('.json') ? 'application/json' : 'application/yaml');
  } catch (error) {
    if (!(error instanceof CliFailure) || error.exitCode === EXIT.unreachable) throw error;
    const { code, message, exitCode, hint, place } = error;
    throw new CliFailure(code, `${file}: ${message}`, { exitCode, hint, place, cause: error });
  }
}

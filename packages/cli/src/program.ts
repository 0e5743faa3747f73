/** The command line: every command with its options and help. What a command does is in its own file. */
import { Command } from 'commander';
import { addAuditCommand } from './commands/audit.ts';
import { addBenchCommand } from './commands/bench.ts';
import { addBulkCommand } from './commands/bulk.ts';
import { addCancelCommand } from './commands/cancel.ts';
import { addCredentialCommand } from './commands/credential.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDevCommand } from './commands/dev.ts';
import { addEventsCommand } from './commands/events.ts';
import { addExecutionCommands } from './commands/executions.ts';
import { addKeysCommand } from './commands/keys.ts';
import { addLimitCommand } from './commands/limit.ts';
import { addLoginCommands } from './commands/login.ts';
import { addMaintenanceCommand } from './commands/maintenance.ts';
import { addMigrateCommand } from './commands/migrate.ts';
import { addPauseCommands } from './commands/pause.ts';
import { addProcessCommands } from './commands/processes.ts';
import { addRedriveCommands } from './commands/redrive.ts';
import { addRegisterCommand } from './commands/register.ts';
import { addRunCommand } from './commands/run.ts';
import { addScheduleCommand } from './commands/schedule.ts';
import { addStatusCommand } from './commands/status.ts';
import { addTokensCommand } from './commands/tokens.ts';
import { addValidateCommand } from './commands/validate.ts';

const EPILOGUE = `
Examples:
  noetl dev                                         everything on this machine, until Ctrl-C
  noetl demo --items 10000 --workers 4              the heavy loop, on throwaway services
  noetl register playbooks/examples
  noetl run load_test/heavy_loop_aggregation --set item_count=1000 --watch
  noetl status 4127890123456789
  noetl events 4127890123456789 --json
  noetl redrive 4127890123456789 --step process_items --state failed --wait
  noetl bench --items 100000 --executions 4

Exit codes: 0 completed, 1 failed, 2 wrong usage, 3 cancelled, 4 server not reachable.
Environment: NOETL_SERVER_URL and NOETL_TOKEN for commands that talk to a server; DATABASE_URL and NATS_URL for the others.`;

/** The program with all commands. `exitWith` hears the exit code of a command that ended without an exception. */
export function createProgram(exitWith: (code: number) => void): Command {
  const program = new Command('noetl')
    .description('Runs NoETL playbooks with very large loops on PostgreSQL and NATS.')
    .addHelpText('after', EPILOGUE)
    .showHelpAfterError('(noetl --help shows all commands and examples)');
  addDevCommand(program);
  addDemoCommand(program, exitWith);
  addProcessCommands(program);
  addMigrateCommand(program);
  addMaintenanceCommand(program, exitWith);
  addKeysCommand(program, exitWith);
  addValidateCommand(program, exitWith);
  addRegisterCommand(program, exitWith);
  addRunCommand(program, exitWith);
  addStatusCommand(program);
  addEventsCommand(program);
  addCancelCommand(program);
  addPauseCommands(program);
  addExecutionCommands(program);
  addRedriveCommands(program, exitWith);
  addBulkCommand(program, exitWith);
  addScheduleCommand(program);
  addCredentialCommand(program);
  addLimitCommand(program);
  addLoginCommands(program);
  addTokensCommand(program);
  addAuditCommand(program);
  addBenchCommand(program, exitWith);
  for (const command of withSubcommands(program)) command.exitOverride();
  return program;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** The tool `shell`: commands run by /bin/sh, one after another until one fails. */
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import type { Isolation } from './isolation/isolation.ts';
import { FailedWith, itemTool, type ToolCall } from './item-tool.ts';
import { OUTPUT_MAX, runCommand } from './process/command.ts';
import { fillHoles } from './runner/inputs.ts';
import { first, mappingSetting, textSetting } from './settings.ts';
import type { Tool } from './tool.ts';

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    cmds: { type: ['array', 'string'], description: 'Commands, run in order; the first failure ends them.' },
    cmd: { type: ['string', 'array'], description: 'Another spelling of `cmds`.' },
    command: { type: ['string', 'array'], description: 'Another spelling of `cmds`.' },
    shell: { type: ['string', 'array'], description: 'Another spelling of `cmds`.' },
    cwd: {
      type: 'string',
      description: 'Directory to run in; default: a scratch folder, or that of the worker without isolation.',
    },
    env: {
      type: 'object',
      description:
        'Environment variables. Of the worker’s own only PATH, HOME and LANG are passed on; NOETL_INPUT holds the input as JSON.',
    },
  },
};

/** Of the worker's environment, which may hold keys, nothing else is passed on. */
const PASSED_ON = ['PATH', 'LANG'];
const TAIL = 2_000;
/** Later commands share what earlier ones left of the 1 MiB, but always get this. */
const OUTPUT_MIN = 4 * 1024;

interface CommandResult extends JsonObject {
  command: string;
  stdout: string;
  stderr: string;
  exit_code: number;
  success: boolean;
}

interface ShellResult extends JsonObject {
  stdout: string;
  stderr: string;
  exit_code: number;
  success: boolean;
  results: CommandResult[];
}

/** As isolated as code is. */
export function shellTool(isolation: Isolation): Tool {
  return itemTool({ kind: 'shell', schema: SCHEMA, timeout_s: 300, run: (call) => run(call, isolation) });
}

async function run({ config, input, environment, signal }: ToolCall, isolation: Isolation): Promise<Json> {
  const commands = commandsOf(config);
  const cwd = textSetting(config, 'cwd');
  const filled = await fillHoles(input, environment.values);
  const env = {
    ...passedOn(isolation.shared),
    NOETL_INPUT: JSON.stringify(filled.value),
    ...variables(config),
  };
  const enclosure = isolation.enter({ several: true });
  const around = { program: '/bin/sh', env, enclosure, ...(cwd !== undefined && { cwd }) };
  const results: CommandResult[] = [];
  let kept = 0;
  try {
    for (const command of commands) {
      const output_max = Math.max(OUTPUT_MAX - kept, OUTPUT_MIN);
      const end = await runCommand({ ...around, args: ['-c', command], output_max }, signal);
      kept += Math.max(end.stdout.length, end.stderr.length);
      results.push({ command, ...end, success: end.exit_code === 0 });
      if (end.exit_code !== 0) break;
    }
  } finally {
    enclosure.leave();
  }
  const result = joined(results);
  if (!result.success) throw failure(result);
  return result;
}

function joined(results: CommandResult[]): ShellResult {
  const exit_code = results.at(-1)?.exit_code ?? 0;
  const all = (key: 'stdout' | 'stderr') => results.map((result) => result[key]).join('');
  return { stdout: all('stdout'), stderr: all('stderr'), exit_code, success: exit_code === 0, results };
}

function failure(value: ShellResult): FailedWith {
  const { results } = value;
  const last = results.at(-1);
  const stderr = tailOf((last?.stderr ?? '').trim());
  const which = results.length > 1 ? `command ${String(results.length)}` : 'the command';
  const message = `${which} ended with exit code ${String(value.exit_code)}${stderr === '' ? '' : `: ${stderr}`}`;
  const details = { command: last?.command ?? '', exit_code: value.exit_code, stderr };
  return new FailedWith(new NoetlError('TOOL_FAILED', message, { details }), value);
}

/** The end of a text, from the beginning of a word: half a word may be half a secret. */
function tailOf(text: string): string {
  return text.length <= TAIL ? text : text.slice(-TAIL).replace(/^\S*/, '');
}

function commandsOf(config: JsonObject): string[] {
  const written = first(config, 'cmds', 'cmd', 'command', 'shell');
  const list = (Array.isArray(written) ? written : [written ?? '']).map((item) =>
    isJsonObject(item) ? '' : jsonText(item),
  );
  if (list.length > 0 && list.every((command) => command.trim() !== '')) return list;
  throw new NoetlError('TOOL_CONFIG', 'the shell tool needs `cmds`: a command, or a list of commands');
}

function variables(config: JsonObject): Record<string, string> {
  const entries = Object.entries(mappingSetting(config, 'env') ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, value === null ? '' : jsonText(value)]));
}

/** `home`: whether the commands have that of the worker. */
function passedOn(home: boolean): Record<string, string> {
  const entries = [...PASSED_ON, ...(home ? ['HOME'] : [])].map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

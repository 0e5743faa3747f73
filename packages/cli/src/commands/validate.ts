/** `validate FILE|FOLDER…`: says what is wrong with playbooks, without a server and without running anything. */
import type { Command } from 'commander';
import { documentHead, parsePlaybook, PlaybookError, type Diagnostic } from '@noetl/playbook';
import { EXIT } from '../failure.ts';
import { candidates, readText, type Candidate } from '../files.ts';
import { Terminal } from '../terminal.ts';

interface ValidateOptions {
  json: boolean;
  strict: boolean;
}

interface Report {
  file: string;
  ok: boolean;
  /** The kind of a document that is no playbook. */
  skipped?: string;
  faults: Diagnostic[];
  warnings: Diagnostic[];
}

const HELP = `
Folders are searched for *.yaml and *.yml; documents of other kinds in them are skipped.

Examples:
  noetl validate playbooks/examples/hello_world.yaml
  noetl validate --strict playbooks

Exit codes: 0 all are valid, 1 some are not (with --strict: or have warnings), 2 wrong usage.`;

export function addValidateCommand(program: Command, exitWith: (code: number) => void): void {
  program
    .command('validate')
    .description('Check playbooks and show every fault with its place; nothing is executed')
    .argument('<file|folder...>', 'YAML or JSON files, and folders with YAML files')
    .option('--json', 'print one JSON document', false)
    .option('--strict', 'warnings count as faults', false)
    .addHelpText('after', HELP)
    .action(async (paths: string[], options: ValidateOptions) => {
      const terminal = new Terminal(options);
      const reports: Report[] = [];
      for (const candidate of await candidates(paths)) {
        const text = await readText(candidate.file);
        const report = validated(candidate, text, options.strict);
        reports.push(report);
        if (!options.json) print(terminal, report, text);
      }
      const checked = reports.filter((report) => report.skipped === undefined);
      const invalid = checked.filter((report) => !report.ok).length;
      const valid = checked.length - invalid;
      if (options.json) terminal.printJson({ files: reports, valid, invalid });
      else terminal.print(summary(reports, valid, invalid));
      exitWith(invalid > 0 ? EXIT.failed : EXIT.completed);
    });
}

function validated({ file, found }: Candidate, text: string, strict: boolean): Report {
  try {
    const { warnings } = parsePlaybook(text);
    return { file, ok: !(strict && warnings.length > 0), faults: [], warnings };
  } catch (error) {
    if (!(error instanceof PlaybookError)) throw error;
    const { code, faults, warnings } = error;
    const kind = found && code === 'PLAYBOOK_KIND' ? documentHead(text).kind : undefined;
    // `kind: Playbok` is a mistake, not another kind: it must not go unseen.
    if (kind === undefined || faults.some((fault) => fault.hint.startsWith('Did you mean')))
      return { file, ok: false, faults, warnings };
    return { file, ok: true, skipped: kind, faults: [], warnings: [] };
  }
}

function print(terminal: Terminal, { file, skipped, faults, warnings }: Report, text: string): void {
  if (skipped !== undefined) {
    terminal.print(`${printable(file)}  skipped: a document of kind ${printable(skipped)}`);
    return;
  }
  const lines = text.split(/\r\n|\r|\n/);
  const all = [
    ...faults.map((diagnostic) => ({ ...diagnostic, severity: 'error' })),
    ...warnings.map((diagnostic) => ({ ...diagnostic, severity: 'warning' })),
  ].sort(({ place: a }, { place: b }) => (a.line ?? 1) - (b.line ?? 1) || (a.column ?? 1) - (b.column ?? 1));
  for (const { severity, code, message, hint, place } of all) {
    const { line = 1, column = 1 } = place;
    const at = `${printable(file)}:${String(line)}:${String(column)}`;
    terminal.print(`${at}  ${severity} ${code}  ${printable(message)}\n  ${printable(hint)}`);
    terminal.print(excerpt(lines, line, column));
  }
}

/** Columns of a long line that are shown, and how many of them before the place. */
const WIDTH = 100;
const BEFORE = 60;

/** The line, and a caret under the place. */
function excerpt(lines: string[], line: number, column: number): string {
  const start = column > WIDTH ? column - BEFORE : 0;
  const text = printable((lines[line - 1] ?? '').slice(start, start + WIDTH)).trimEnd();
  const number = String(line);
  return `  ${number} | ${text}\n  ${' '.repeat(number.length)} | ${' '.repeat(column - 1 - start)}^`;
}

/** Texts of a file must not steer the terminal; one character each, so that the caret stays where it belongs. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}

function summary(reports: Report[], valid: number, invalid: number): string {
  const total = (key: 'faults' | 'warnings') => reports.reduce((sum, report) => sum + report[key].length, 0);
  const skipped = reports.length - valid - invalid;
  const parts = [
    `${String(valid)} valid`,
    `${String(invalid)} invalid`,
    ...(skipped > 0 ? [`${String(skipped)} skipped`] : []),
    counted(total('faults'), 'fault'),
    counted(total('warnings'), 'warning'),
  ];
  return `${counted(reports.length, 'file')}: ${parts.join(', ')}`;
}

function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}

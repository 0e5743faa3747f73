/** Outcomes as people read them, and the line that scripts read. */
import type { CaseOutcome } from './run-case.ts';

export function summaryOf(outcomes: CaseOutcome[]): { passed: number; failed: number; skipped: number } {
  const count = (verdict: CaseOutcome['verdict']): number =>
    outcomes.filter((outcome) => outcome.verdict === verdict).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

/** Columns: verdict, id, path, outcome, expected, seconds; the reason stands below where there is one. */
export function tableOf(outcomes: CaseOutcome[]): string {
  const rows = outcomes.map(({ verdict, id, file, outcome, expected, seconds }) => [
    verdict,
    id,
    file,
    outcome,
    expected,
    seconds.toFixed(1),
  ]);
  const head = ['', 'case', 'playbook', 'outcome', 'expected', 's'];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] as string).length)),
  );
  const line = (cells: string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd();
  const body = outcomes.flatMap((outcome, index) => [
    line(rows[index] as string[]),
    ...(outcome.reason === '' ? [] : [`    ${outcome.reason}`]),
  ]);
  return `${[line(head), ...body].join('\n')}\n`;
}

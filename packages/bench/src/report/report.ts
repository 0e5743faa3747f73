/** A run as a report: targets first, then each scenario with its table and charts. */
import type { Chart, Report, ReportSection } from '@noetl/cli/report';
import type { Machine } from '../machine.ts';
import type { Row, Scenario, Unit } from '../scenario.ts';
import { cells, HEAD } from './table.ts';
import { VERDICT_HEAD, verdictCells, type Verdict } from './targets.ts';

export interface Measured {
  scenario: Scenario;
  rows: Row[];
}

export function report(measured: Measured[], verdicts: Verdict[], machine: Machine): Report {
  const targets: ReportSection = {
    title: 'Targets',
    head: VERDICT_HEAD,
    rows: verdicts.map(verdictCells),
    charts: [],
  };
  return {
    title: 'NoETL measured',
    facts: { ...machine },
    sections: [targets, ...measured.map(section)],
  };
}

function section({ scenario, rows }: Measured): ReportSection {
  return {
    title: scenario.name,
    text: scenario.describe,
    head: HEAD,
    rows: rows.map(cells),
    charts: scenario.charts === undefined ? bars(scenario.name, rows) : scenario.charts(rows),
  };
}

/** One chart for each unit. */
function bars(title: string, rows: Row[]): Chart[] {
  const measured = rows.filter(({ skipped }) => skipped === undefined);
  return [...new Set(measured.map(({ unit }) => unit))].map((unit: Unit) => ({
    title: `${title}, ${unit}`,
    kind: 'bar',
    x: { title: '' },
    y: { title: unit },
    series: [
      {
        name: unit,
        points: measured.filter((row) => row.unit === unit).map(({ label, value }) => [label, value]),
      },
    ],
  }));
}

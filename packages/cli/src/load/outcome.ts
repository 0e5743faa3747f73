/** What a load has shown: rates and times over all executions, as a table, as JSON and as a report. */
import { markdownTable } from 'markdown-table';
import { quantile } from 'simple-statistics';
import type { Report } from '../report/index.ts';
import { grouped } from '../terminal.ts';
import type { Driven, Load, Progress } from './drive.ts';

export interface LoadOutcome {
  status: 'PASSED' | 'FAILED';
  executions: number;
  items: number;
  mode: string;
  language: string;
  /** Executions that completed with every item counted. */
  completed: number;
  succeeded_items: number;
  /** From the first loop's start to the last loop's end. */
  loop_seconds: number;
  items_per_second: number;
  /** From request to end of one execution. */
  request_p50_seconds: number;
  request_p99_seconds: number;
  /** Those that did not complete. */
  failed: { execution_id: string; status: string; succeeded: number }[];
}

export function outcomeOf(load: Load, driven: Driven[]): LoadOutcome {
  const good = driven.filter((one) => one.status === 'COMPLETED' && one.succeeded === load.items);
  const failed = driven.filter((one) => !good.includes(one));
  const times = driven.map((one) => one.seconds);
  const succeeded = driven.reduce((sum, one) => sum + one.succeeded, 0);
  const from = Math.min(...driven.flatMap((one) => one.loop_from ?? []));
  const to = Math.max(...driven.flatMap((one) => one.loop_to ?? []));
  const seconds = to > from ? (to - from) / 1000 : 0;
  return {
    status: failed.length === 0 ? 'PASSED' : 'FAILED',
    executions: load.executions,
    items: load.items,
    mode: load.mode,
    language: load.language,
    completed: good.length,
    succeeded_items: succeeded,
    loop_seconds: seconds,
    items_per_second: seconds > 0 ? Math.round(succeeded / seconds) : 0,
    request_p50_seconds: quantile(times, 0.5),
    request_p99_seconds: quantile(times, 0.99),
    failed: failed.map(({ execution_id, status, succeeded: items }) => ({
      execution_id,
      status,
      succeeded: items,
    })),
  };
}

const HEAD = [
  'executions',
  'items each',
  'steps in',
  'mode',
  'items/s',
  'loop s',
  'request p50 s',
  'p99 s',
  'outcome',
];

export function outcomeTable(outcome: LoadOutcome): string {
  return markdownTable([HEAD, cells(outcome)], { align: 'r' });
}

export function outcomeReport(outcome: LoadOutcome, progress: Progress, server: string): Report {
  return {
    title: 'Load on NoETL',
    facts: { server, date: new Date().toISOString() },
    sections: [
      {
        title: 'Outcome',
        head: HEAD,
        rows: [cells(outcome)],
        charts: [
          {
            title: 'Items done',
            kind: 'line',
            x: { title: 'seconds' },
            y: { title: 'items' },
            series: [{ name: 'done', points: progress }],
          },
        ],
      },
    ],
  };
}

function cells(outcome: LoadOutcome): string[] {
  return [
    `${grouped(outcome.completed)} of ${grouped(outcome.executions)}`,
    grouped(outcome.items),
    outcome.language,
    outcome.mode,
    grouped(outcome.items_per_second),
    outcome.loop_seconds.toFixed(2),
    outcome.request_p50_seconds.toFixed(2),
    outcome.request_p99_seconds.toFixed(2),
    outcome.status,
  ];
}

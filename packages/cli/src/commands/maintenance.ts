/** `maintenance`: one whole round of what the aggregator does now and then, or a look at what it would do. */
import { InvalidArgumentError, type Command } from 'commander';
import { markdownTable } from 'markdown-table';
import type { MaintenanceReport } from '@noetl/aggregator';
import type { Config } from '@noetl/service';
import { EXIT } from '../failure.ts';
import { grouped, Terminal } from '../terminal.ts';

interface MaintenanceOptions {
  dryRun: boolean;
  json: boolean;
  days?: number;
}

const HELP = `
Without NOETL_RETENTION_DAYS and --days no execution is deleted. With one of them executions go with everything they have
stored, so many days after they have ended; the days of an execution and of the children its steps have started are
counted from the last end among them. NOETL_AUDIT_RETENTION_DAYS is for rows of the audit log.

Examples:
  noetl maintenance --dry-run --days 30
  noetl maintenance --json

Exit codes: 0 done, 1 something is left for another round or a service is away, 2 wrong usage.`;

export function addMaintenanceCommand(program: Command, exitWith: (code: number) => void): void {
  program
    .command('maintenance')
    .description('Make partitions ahead, delete what is past its retention (DATABASE_URL, NATS_URL, NOETL_…)')
    .option('--dry-run', 'only show what would be done', false)
    .option('--days <n>', 'retention in days, instead of NOETL_RETENTION_DAYS', days)
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', HELP)
    .action(async (options: MaintenanceOptions) => {
      const { loadConfig } = await import('@noetl/service');
      const config = loadConfig(process.env);
      const retentionDays = options.days ?? config.retentionDays;
      const { auditRetentionDays } = config;
      const report = await round(config, options.dryRun, { retentionDays, auditRetentionDays });
      const terminal = new Terminal(options);
      if (options.json)
        terminal.printJson({ dry_run: options.dryRun, retention_days: retentionDays ?? null, ...report });
      else terminal.print(told(report, options.dryRun, retentionDays));
      exitWith(report.complete ? EXIT.completed : EXIT.failed);
    });
}

async function round(
  config: Config,
  dryRun: boolean,
  {
    retentionDays,
    auditRetentionDays,
  }: { retentionDays: number | undefined; auditRetentionDays: number | undefined },
): Promise<MaintenanceReport> {
  const { connectStore } = await import('@noetl/store');
  const { maintain, previewMaintenance } = await import('@noetl/aggregator');
  const store = connectStore({
    url: config.databaseUrl,
    maxConnections: 2,
    applicationName: 'noetl-maintenance',
    onError: () => undefined,
  });
  try {
    if (dryRun)
      return await previewMaintenance(store, { nowMs: Date.now(), retentionDays, auditRetentionDays });
    const { connectBus } = await import('@noetl/bus');
    const { createLog } = await import('@noetl/service');
    const log = createLog({ name: 'maintenance', level: config.logLevel, format: config.logFormat });
    const bus = await connectBus({ ...config.nats, name: 'maintenance', log });
    try {
      const deps = { store, bus, log, nowMs: Date.now };
      return await maintain(deps, {
        ...(retentionDays !== undefined && { retentionDays }),
        ...(auditRetentionDays !== undefined && { auditRetentionDays }),
      });
    } finally {
      await bus.close();
    }
  } finally {
    await store.close();
  }
}

function told(report: MaintenanceReport, dryRun: boolean, retentionDays: number | undefined): string {
  const { rows_deleted, partitions_made, partitions_dropped, postponed } = report;
  const rows = Object.entries(rows_deleted).map(([table, count]) => [`rows of ${table}`, grouped(count)]);
  const table = markdownTable([
    [dryRun ? 'would be done' : 'done', ''],
    ['partitions made', named(partitions_made)],
    ['partitions dropped', named(partitions_dropped)],
    ['executions past their retention', grouped(report.executions_expired)],
    ...rows,
    ['rows of the audit log', grouped(report.audit_deleted)],
    ['loop counts in K/V', grouped(report.loop_counts_deleted)],
    ['statistics', report.analyzed ? 'taken anew' : 'young enough'],
  ]);
  const notes = [
    ...(retentionDays === undefined
      ? ['Everything is kept: set NOETL_RETENTION_DAYS, or --days, to delete old executions.']
      : []),
    ...(postponed.length > 0 ? [`Held by others, run it again: ${postponed.join(', ')}`] : []),
  ];
  return [table, ...notes].join('\n');
}

function named(names: string[]): string {
  return names.length === 0 ? '0' : `${String(names.length)} (${names.join(', ')})`;
}

function days(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It must be a whole number of days, at least 1.');
}

/** What a round of maintenance would do, read in a transaction that cannot write. */
import {
  countAudit,
  countEvents,
  countRows,
  expiredOf,
  missingPartitions,
  mustAnalyze,
  retentionCutoff,
  retentionSpans,
  unmarkedExecutions,
  waitsForDrop,
  type Span,
  type Store,
  type Tx,
} from '@noetl/store';
import type { MaintenanceReport } from './maintenance.ts';

const PAGE = 500;

export function previewMaintenance(
  store: Store,
  {
    nowMs,
    retentionDays,
    auditRetentionDays,
  }: { nowMs: number; retentionDays?: number | undefined; auditRetentionDays?: number | undefined },
): Promise<MaintenanceReport> {
  return store.db
    .transaction()
    .setAccessMode('read only')
    .execute(async (tx) => {
      const report: MaintenanceReport = {
        partitions_made: await missingPartitions(tx, nowMs),
        partitions_dropped: [],
        executions_expired: 0,
        rows_deleted: {},
        audit_deleted: auditRetentionDays === undefined ? 0 : await countAudit(tx, auditRetentionDays),
        loop_counts_deleted: 0,
        analyzed: await mustAnalyze(tx),
        postponed: [],
        complete: true,
      };
      if (retentionDays === undefined) return report;
      const cutoff = await retentionCutoff(tx, retentionDays);
      for (const span of await retentionSpans(tx, cutoff)) await previewSpan(tx, span, cutoff, report);
      // As many as there are loops, at most.
      report.loop_counts_deleted = report.rows_deleted['loop'] ?? 0;
      return report;
    });
}

async function previewSpan(tx: Tx, span: Span, cutoff: Date, report: MaintenanceReport): Promise<void> {
  if (await waitsForDrop(tx, span, cutoff)) return;
  const expired: string[] = [];
  for (let from: string | undefined = span.from; from !== undefined;) {
    const page = await expiredOf(tx, { from, to: span.to, cutoff, limit: PAGE });
    expired.push(...page.ids);
    from = page.next;
  }
  report.executions_expired += expired.length;
  const within = expired.filter((id) => BigInt(id) >= BigInt(span.from) && BigInt(id) < BigInt(span.to));
  const dropped = span.partition && (await unmarkedExecutions(tx, span)) === within.length;
  if (span.partition && dropped) report.partitions_dropped.push(span.partition.name);
  for (let at = 0; at < expired.length; at += PAGE) {
    const ids = expired.slice(at, at + PAGE);
    const rows = await countRows(tx, ids);
    if (!dropped) rows['event'] = await countEvents(tx, ids);
    for (const [table, count] of Object.entries(rows))
      report.rows_deleted[table] = (report.rows_deleted[table] ?? 0) + count;
  }
}

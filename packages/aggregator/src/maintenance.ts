/**
 * Keeps the database from growing for ever: makes partitions ahead, deletes executions past their retention and drops
 * their partitions, and keeps the planner's statistics young. Any number of processes may do it at once, and be killed
 * in the middle; what others hold is left to the next round.
 */
import { forgetLoopStates, type Bus } from '@noetl/bus';
import type { Id } from '@noetl/protocol';
import { every, type Log, type RoundRecorder, type Service } from '@noetl/service';
import {
  analyzeEvents,
  deleteAudit,
  dropPartition,
  ensurePartitions,
  isBusy,
  markedExecutions,
  markExpired,
  purgeExecutions,
  retentionCutoff,
  retentionSpans,
  waitsForDrop,
  withLoops,
  type RowCounts,
  type Span,
  type Store,
} from '@noetl/store';

/** Executions that are judged in one transaction; and those whose rows are deleted together. */
const PAGE = 500;
const PURGE_BATCH = 500;
/** Requests to NATS at once. */
const FORGET_AT_ONCE = 16;
/** Rows of the audit log that one statement deletes. */
const AUDIT_BATCH = 2_000;
const ID_MAX: Id = '9223372036854775807';
/** Time that one round of the schedule takes at most, but for its last step. */
const ROUND_MS = 60_000;

export interface MaintenanceDeps {
  store: Store;
  bus: Bus;
  log: Log;
  /** Unix time. */
  nowMs: () => number;
}

export interface MaintenanceReport {
  partitions_made: string[];
  partitions_dropped: string[];
  /** Executions that were found to be past their retention. */
  executions_expired: number;
  /** By table; what went with a partition is not among them. */
  rows_deleted: RowCounts;
  /** Rows of the audit log. */
  audit_deleted: number;
  /** Entries of loops in K/V. */
  loop_counts_deleted: number;
  analyzed: boolean;
  /** What has to wait because others hold it. */
  postponed: string[];
  /** Nothing is left for another round. */
  complete: boolean;
}

export interface MaintenanceOptions {
  /** Executions are deleted so many days after their end; kept when absent. */
  retentionDays?: number;
  /** Rows of the audit log are deleted so many days after they were written; kept when absent. */
  auditRetentionDays?: number;
  /** False ends the round before its next step. */
  goOn?: () => boolean;
  /** Breaks off what takes long. */
  signal?: AbortSignal;
}

/** One round. Throws when Postgres or NATS is away; what is done by then stays done. */
export async function maintain(
  deps: MaintenanceDeps,
  options: MaintenanceOptions = {},
): Promise<MaintenanceReport> {
  const round = new Round(deps, options);
  await round.run();
  return round.report;
}

class Round {
  readonly report: MaintenanceReport = {
    partitions_made: [],
    partitions_dropped: [],
    executions_expired: 0,
    rows_deleted: {},
    audit_deleted: 0,
    loop_counts_deleted: 0,
    analyzed: false,
    postponed: [],
    complete: true,
  };
  private purgeBelow: Id = ID_MAX;
  private readonly deps: MaintenanceDeps;
  private readonly options: MaintenanceOptions;

  constructor(deps: MaintenanceDeps, options: MaintenanceOptions) {
    this.deps = deps;
    this.options = options;
  }

  async run(): Promise<void> {
    const { store, nowMs } = this.deps;
    const { retentionDays, auditRetentionDays, signal } = this.options;
    const { made, postponed } = await ensurePartitions(store, nowMs());
    this.report.partitions_made = made;
    this.report.postponed.push(...postponed);
    if (retentionDays !== undefined) await this.expire(await retentionCutoff(store, retentionDays));
    await this.purge();
    if (auditRetentionDays !== undefined) await this.forgetAudit(auditRetentionDays);
    if (this.goesOn())
      this.report.analyzed =
        (await this.unlessBusy('statistics', () => analyzeEvents(store, signal))) ?? false;
    this.report.complete &&= this.report.postponed.length === 0;
  }

  private async expire(cutoff: Date): Promise<void> {
    for (const span of await retentionSpans(this.deps.store, cutoff)) {
      if (!this.goesOn()) return;
      const { name = 'the DEFAULT partition' } = span.partition ?? {};
      if (await this.unlessBusy(name, () => this.expireSpan(span, cutoff))) continue;
      // Whoever waits for the table waits behind us: one try a round is enough. What is to be dropped is kept till then.
      if (span.partition) this.purgeBelow = span.from;
      return;
    }
  }

  private async expireSpan(span: Span, cutoff: Date): Promise<true> {
    const { store } = this.deps;
    if (await waitsForDrop(store, span, cutoff)) return true;
    for (let from: string | undefined = span.from; from !== undefined && this.goesOn();) {
      const { marked, next } = await markExpired(store, { from, to: span.to, cutoff, limit: PAGE });
      this.report.executions_expired += marked;
      from = next;
    }
    if (span.partition && this.goesOn() && (await dropPartition(store, span.partition)))
      this.report.partitions_dropped.push(span.partition.name);
    return true;
  }

  private async forgetAudit(days: number): Promise<void> {
    for (let deleted = AUDIT_BATCH; deleted === AUDIT_BATCH && this.goesOn();) {
      deleted = await deleteAudit(this.deps.store, days, AUDIT_BATCH);
      this.report.audit_deleted += deleted;
    }
  }

  private async purge(): Promise<void> {
    const { store, bus } = this.deps;
    while (this.goesOn()) {
      const ids = await markedExecutions(store, this.purgeBelow, PURGE_BATCH);
      if (ids.length === 0) return;
      const deleted = await this.unlessBusy('rows of executions', async () => {
        // Before the rows that name them: after a crash they are found again.
        const loops = await withLoops(store, ids);
        for (let at = 0; at < loops.length; at += FORGET_AT_ONCE) {
          const some = loops.slice(at, at + FORGET_AT_ONCE);
          for (const count of await Promise.all(some.map((id) => forgetLoopStates(bus, id))))
            this.report.loop_counts_deleted += count;
        }
        return purgeExecutions(store, ids, () => this.goesOn());
      });
      if (!deleted) return;
      for (const [table, count] of Object.entries(deleted))
        this.report.rows_deleted[table] = (this.report.rows_deleted[table] ?? 0) + count;
    }
  }

  private goesOn(): boolean {
    const { goOn, signal } = this.options;
    if (signal?.aborted !== true && goOn?.() !== false) return true;
    this.report.complete = false;
    return false;
  }

  /** Undefined when others hold what the step needs. */
  private async unlessBusy<T>(what: string, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      if (!isBusy(error)) throw error;
      this.deps.log.info('maintenance waits for a later round', { what, error });
      this.report.postponed.push(what);
      return undefined;
    }
  }
}

/** Partitions at the start, and a bounded round now and then. */
export function maintenanceService(
  deps: MaintenanceDeps,
  {
    intervalMs,
    retentionDays,
    auditRetentionDays,
    rounds: recorder,
  }: {
    intervalMs: number;
    retentionDays?: number | undefined;
    auditRetentionDays?: number | undefined;
    rounds?: RoundRecorder;
  },
): Service {
  const stopping = new AbortController();
  const { log } = deps;
  const work = async (): Promise<void> => {
    const until = performance.now() + ROUND_MS;
    const report = await maintain(deps, {
      ...(retentionDays !== undefined && { retentionDays }),
      ...(auditRetentionDays !== undefined && { auditRetentionDays }),
      goOn: () => performance.now() < until,
      signal: stopping.signal,
    });
    log.info('maintenance', report);
  };
  const rounds = every('maintenance', intervalMs, work, { log, rounds: recorder });
  return {
    name: 'maintenance',
    start: async () => {
      await ensurePartitions(deps.store, deps.nowMs()).catch((error: unknown) =>
        log.warn('partitions could not be made ahead', { error }),
      );
      await rounds.start();
    },
    stop: async () => {
      stopping.abort();
      await rounds.stop();
    },
  };
}

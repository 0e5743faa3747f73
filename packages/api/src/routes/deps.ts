/** What routes work with; built once in run-api.ts. */
import type { Bus } from '@noetl/bus';
import type { Playbook } from '@noetl/playbook';
import type { Id } from '@noetl/protocol';
import type { Log, Metrics } from '@noetl/service';
import type { ExecutionRow, FreshExecution, Sealer, Store } from '@noetl/store';
import type { AuditTrail } from '../access/audit.ts';
import type { Authenticate } from '../access/authenticate.ts';
import type { ApiRecorder } from '../metrics.ts';
import type { Redriven, RedriveRequest } from '../redrive.ts';

export interface ApiDeps {
  store: Store;
  bus: Bus;
  log: Log;
  metrics: Metrics;
  record: ApiRecorder;
  sealer: Sealer;
  auth: { on: boolean; authenticate: Authenticate };
  audit: AuditTrail;
  /** Ids of catalog entries and executions. */
  newId: () => Id;
  /** Unix time. */
  nowMs: () => number;
  sqlEndpoint: boolean;
  playbook: (catalogId: Id) => Promise<Playbook>;
  /** Decides the first steps of an execution whose row has just been committed. */
  start: (fresh: FreshExecution) => Promise<void>;
  cancel: (executionId: Id, reason: string, cascade: boolean) => Promise<void>;
  redrive: (execution: ExecutionRow, request: RedriveRequest) => Promise<Redriven>;
  /** Throws OVERLOADED while nothing new is taken in. */
  admit: () => Promise<void>;
  ready: () => Promise<{ postgres: boolean; nats: boolean }>;
}

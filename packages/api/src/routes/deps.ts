/** What routes work with; built once in run-api.ts. */
import type { Bus } from '@noetl/bus';
import type { Playbook } from '@noetl/playbook';
import type { Id } from '@noetl/protocol';
import type { Log } from '@noetl/service';
import type { Sealer, Store } from '@noetl/store';

export interface ApiDeps {
  store: Store;
  bus: Bus;
  log: Log;
  sealer: Sealer;
  /** Ids of catalog entries and executions. */
  newId: () => Id;
  /** Unix time. */
  nowMs: () => number;
  sqlEndpoint: boolean;
  playbook: (catalogId: Id) => Promise<Playbook>;
  /** Decides the first steps of an execution whose row has just been committed. */
  start: (executionId: Id) => Promise<void>;
  cancel: (executionId: Id, reason: string, cascade: boolean) => Promise<void>;
  ready: () => Promise<{ postgres: boolean; nats: boolean }>;
}

/** The shape of the tables, as kysely sees them. Ids are decimal strings. */
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type {
  Collection,
  Context,
  ExecutionStatus,
  Id,
  Json,
  JsonObject,
  LoopMode,
  LoopRedrive,
  OnError,
} from '@noetl/protocol';
import type { ApiTokenTable, AuditTable } from './access-tables.ts';

/** int8: read as text, written as text. */
type BigId = ColumnType<Id, Id, Id>;
type NullableId = ColumnType<Id | null, Id | null | undefined, Id | null>;
/** Read as a Date, written by the database or as a Date. */
type Time = ColumnType<Date, Date | undefined, Date>;
type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;
/** Read parsed, written as JSON text. */
type Document<T> = ColumnType<T, string, string>;
type NullableDocument<T> = ColumnType<T | null, string | null | undefined, string | null>;
type NullableText = ColumnType<string | null, string | null | undefined, string | null>;

interface CatalogTable {
  catalog_id: BigId;
  path: string;
  version: number;
  kind: string;
  content: string;
  content_hash: string;
  layout: NullableDocument<Json>;
  payload: NullableDocument<Json>;
  meta: NullableDocument<Json>;
  created_at: Time;
}

interface ExecutionTable {
  execution_id: BigId;
  catalog_id: BigId;
  parent_execution_id: NullableId;
  path: string;
  version: number;
  status: ExecutionStatus;
  payload: Document<Json>;
  idempotency_key: NullableText;
  request_hash: NullableText;
  last_event_id: BigId;
  /** Highest event that `advance` has folded; facts beyond it wait to be decided on. */
  advanced_event_id: BigId;
  snapshot: NullableDocument<Json>;
  snapshot_event_id: BigId;
  result: NullableDocument<Json>;
  error: NullableText;
  start_time: Time;
  end_time: NullableTime;
  updated_at: Time;
  /** Why its cancellation is wanted; `advance` carries it out. */
  cancel_requested: NullableText;
  /** Nothing of it is started since then. */
  paused_at: NullableTime;
  /** It fails with EXECUTION_TIMEOUT when it has not ended by then. */
  deadline: NullableTime;
  /** Where the end of the execution is told. */
  webhook: NullableDocument<Json>;
  /** Which master key wraps the data key of what is sealed in it. */
  webhook_kek_id: NullableText;
  /** The execution that stands at the top of the chain of parents; absent at the top itself. */
  root_execution_id: NullableId;
  /** Parents above. */
  depth: Generated<number>;
  /** 1, and one more for each redrive. */
  run: Generated<number>;
  /** When the newest run began; absent in the first. */
  run_start_time: NullableTime;
  /** Past its retention: for readers it is gone, and its rows are being deleted. */
  expired_at: NullableTime;
  /** W3C trace context of the request that started it, or the one at the top. */
  traceparent: NullableText;
}

interface EventTable {
  execution_id: BigId;
  event_id: BigId;
  catalog_id: NullableId;
  parent_event_id: NullableId;
  parent_execution_id: NullableId;
  created_at: Time;
  event_type: string;
  node_id: NullableText;
  node_name: string;
  node_type: NullableText;
  status: string;
  duration: ColumnType<number | null, number | null | undefined, never>;
  context: NullableDocument<Json>;
  result: NullableDocument<Json>;
  meta: NullableDocument<Json>;
  error: NullableText;
  loop_name: NullableText;
  loop_id: NullableId;
  current_index: ColumnType<number | null, number | null | undefined, never>;
  current_item: NullableText;
  worker_id: NullableText;
  command_id: NullableId;
  attempt: ColumnType<number | null, number | null | undefined, never>;
}

export type LoopPhase = 'open' | 'stopping' | 'filled' | 'done';

interface LoopTable {
  loop_id: BigId;
  execution_id: BigId;
  catalog_id: BigId;
  step: string;
  base_event_id: BigId;
  size: number;
  iterator: string;
  mode: LoopMode;
  max_in_flight: ColumnType<number | null, number | null | undefined, never>;
  on_error: OnError;
  collection: Document<Collection>;
  context: Document<Context>;
  /** Variables that iterations have written so far. */
  ctx: Document<{ [name: string]: Json }>;
  next_index: number;
  completed: number;
  failed: number;
  open_chunks: number;
  state: LoopPhase;
  created_at: Time;
  filled_at: NullableTime;
  done_at: NullableTime;
  /** A chunk holds at most this many items; absent: as many as are good. */
  chunk_max: ColumnType<number | null, number | null | undefined, never>;
  /** Items that one chunk may run at once. */
  concurrency: Generated<number>;
  /** Failed items that do not fail the loop. */
  tolerated_count: ColumnType<number | null, number | null | undefined, never>;
  tolerated_percent: ColumnType<number | null, number | null | undefined, never>;
  /** Items are claimed while the loop runs; its size grows with them. */
  cursor: Generated<boolean>;
  /** A claim came back empty: no further frames. */
  drained: Generated<boolean>;
  paused_at: NullableTime;
  /** The first entry, of one that runs chosen items of it again. */
  redrive_of: NullableId;
  redrive: NullableDocument<LoopRedrive>;
  /** Stopped as it stands when it is still open then; `timed_out` says that it was. */
  deadline: NullableTime;
  timed_out: Generated<boolean>;
  /** Workers that may run its items. */
  pool: Generated<string>;
}

interface RedrivePageTable {
  execution_id: BigId;
  list_id: BigId;
  from_position: number;
  /** Indexes of chosen items, from that position on. */
  indexes: number[];
}

/** `waiting`: for a child execution; no worker holds it. */
export type CommandState = 'pending' | 'leased' | 'waiting' | 'done' | 'cancelled';

interface CommandTable {
  command_id: BigId;
  execution_id: BigId;
  catalog_id: BigId;
  lane: 'step' | 'chunk';
  step: string;
  event_id: NullableId;
  loop_id: NullableId;
  from_index: ColumnType<number | null, number | null | undefined, number>;
  to_index: ColumnType<number | null, number | null | undefined, number>;
  context: NullableDocument<Context>;
  state: ColumnType<CommandState, CommandState | undefined, CommandState>;
  attempt: Generated<number>;
  worker_id: NullableText;
  lease_until: NullableTime;
  /** Not published again before this time. */
  available_at: Time;
  created_at: Time;
  done_at: NullableTime;
  /** What is done so far of a command that was suspended, and the items that a frame has claimed. */
  progress: NullableDocument<Json>;
  waits_for: NullableId;
  wake_at: NullableTime;
  /** How often a holder vanished, and how often it could not run or finish it. */
  deaths: Generated<number>;
  faults: Generated<number>;
  /** The item that runs, once a holder has vanished; and the items at which later ones did. */
  cursor: ColumnType<number | null, number | null | undefined, number>;
  died_at: Generated<number[]>;
  /** Of a step that may take only so long. */
  deadline: NullableTime;
  pool: Generated<string>;
}

interface CollectionPageTable {
  execution_id: BigId;
  list_id: BigId;
  page_index: number;
  from_index: number;
  count: number;
  items: Document<Json[]>;
}

interface ValueTable {
  execution_id: BigId;
  value_id: BigId;
  content: Document<Json>;
  /** Of results that are kept under a name. */
  step: NullableText;
  name: NullableText;
  scope: NullableText;
  store: NullableText;
  expires_at: NullableTime;
  created_at: Time;
}

interface CredentialTable {
  credential_id: GeneratedAlways<Id>;
  name: string;
  type: string;
  data_encrypted: string;
  /** Given once among all credentials; 0 of rows that were sealed before versions were bound in. */
  version: ColumnType<Id, Id | undefined, Id>;
  /** Which master key wraps its data key. */
  kek_id: NullableText;
  meta: NullableDocument<Json>;
  tags: ColumnType<string[], string[] | undefined, string[]>;
  description: NullableText;
  created_at: Time;
  updated_at: Time;
}

interface ScheduleTable {
  schedule_id: BigId;
  playbook_path: string;
  playbook_version: ColumnType<number | null, number | null | undefined, number | null>;
  cron: NullableText;
  interval_seconds: ColumnType<number | null, number | null | undefined, number | null>;
  enabled: Generated<boolean>;
  timezone: Generated<string>;
  missed_runs: Generated<string>;
  next_run_at: NullableTime;
  last_run_at: NullableTime;
  last_execution_id: NullableId;
  last_status: NullableText;
  input_payload: Document<JsonObject>;
  meta: NullableDocument<Json>;
  created_at: Time;
  updated_at: Time;
}

interface WebhookDeliveryTable {
  execution_id: BigId;
  url: string;
  state: Generated<string>;
  attempts: Generated<number>;
  next_try_at: Time;
  last_error: NullableText;
  delivered_at: NullableTime;
}

interface FlowLimitTable {
  key: string;
  max_concurrent: number | null;
  rate: number | null;
  burst: number | null;
  tokens: number | null;
  refilled_at: Time;
  paused_until: NullableTime;
  updated_at: Time;
}

interface FlowUserTable {
  key: string;
  worker_id: string;
  held: number;
  lease_until: Time;
  waiting: Generated<number>;
  waiting_since: NullableTime;
  waiting_until: NullableTime;
}

interface RuntimeTable {
  runtime_id: GeneratedAlways<Id>;
  name: string;
  kind: string;
  status: string;
  labels: Document<Json>;
  capacity: number;
  heartbeat: Time;
  created_at: Time;
}

/** All tables; they live in the schema `noetl`. */
export interface Database {
  catalog: CatalogTable;
  execution: ExecutionTable;
  event: EventTable;
  loop: LoopTable;
  command: CommandTable;
  collection_page: CollectionPageTable;
  redrive_page: RedrivePageTable;
  value: ValueTable;
  runtime: RuntimeTable;
  credential: CredentialTable;
  schedule: ScheduleTable;
  webhook_delivery: WebhookDeliveryTable;
  flow_limit: FlowLimitTable;
  flow_user: FlowUserTable;
  api_token: ApiTokenTable;
  audit: AuditTable;
}

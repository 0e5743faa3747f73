/** What a tool is: batches of items in, outcomes in the same order out. A plain step is a batch of one item. */
import type { Context, ErrorInfo, Hole, Id, JsonObject } from '@noetl/protocol';
import type { JsonLines } from './json-lines.ts';

export interface Tool {
  kind: string;
  /** JSON schema of the tool's configuration. */
  schema: JsonObject;
  /**
   * Outcomes come in the order of the items. With `stop_on_error` nothing follows the first failure; what was pulled
   * after it has not run. Throws only when the batch is aborted.
   */
  run(batch: ToolBatch): AsyncIterable<ToolOutcome>;
  /** The same for items that are JSON texts already, a block of outcomes at a time: the hot path of loops. */
  stream?(batch: LineBatch): AsyncIterable<OutcomeBlock>;
}

/** What both kinds of batches say. */
interface BatchFacts {
  /** Rendered; the same for all items. */
  config: JsonObject;
  /** Most items pulled ahead of the outcome that comes next; 1: strictly one after another. */
  lookahead: number;
  stop_on_error?: boolean;
  environment: ToolEnvironment;
}

export interface LineBatch extends BatchFacts {
  /** Inputs that are the same for all items; large values are holes. */
  shared: JsonObject;
  /** Input that the item's text is the value of; null: the text is an object of inputs, laid over `shared`. */
  item_name: string | null;
  /** JSON texts without line breaks of the next items: at most `count`, none when there are no more. */
  take(count: number): string[] | Promise<string[]>;
}

/** Outcomes of consecutive items. */
export interface OutcomeBlock {
  /** Of each item that did not fail its line is the result. */
  lines: JsonLines;
  /** Of every item. */
  durations_ms: number[];
  /** Failures by place in the block. */
  failures: Map<number, ItemFailure>;
  /** Prints by place in the block, of the items that printed. */
  prints: Map<number, string>;
}

export interface ToolBatch extends BatchFacts {
  /** Pulled as capacity allows; ends when the caller wants no more started. */
  items: Iterable<ToolItem>;
}

export interface ToolItem {
  /** Rendered; large values are holes. */
  input: JsonObject;
  /** The same for every attempt at this very piece of work. */
  idempotency_key: string;
  /** From 1. */
  attempt: number;
}

export interface ToolEnvironment {
  execution_id: Id;
  step: string;
  context: Context;
  values: ValueStore;
  /** Throws CREDENTIAL_UNKNOWN. What it returns must not get into results, prints or errors. */
  credentials: (name: string) => Promise<Credential>;
  /** A secret that came up on the way (a token): it must not get into anything stored either. */
  hide: (secret: string) => void;
  /** A text that is about to be stored, without the secrets that have come up so far. */
  redact: (text: string) => string;
  signal: AbortSignal;
  /** W3C trace context that requests carry. */
  traceparent?: string;
  /** When limits apply to the call. */
  permit?: Permit;
  /** Of one item. */
  timeout_ms?: number;
  /** Large lists of the result are stored page by page while they arrive; for plain steps. */
  stream?: boolean;
  /** A result `{status: 'error'}` is a failure, as in the seed generation. */
  error_status?: boolean;
}

/** The right to make one call, of a limit that it falls under. */
export interface Permit {
  /** The host wants no calls before `ms` have passed. */
  pause(ms: number): void;
  /** Gives the permit back while the call waits for its next try, and takes another one. */
  renew(wait: () => Promise<void>): Promise<void>;
}

/** A stored credential, decrypted; the type says which fields `data` has. */
export interface Credential {
  name: string;
  type: string;
  data: JsonObject;
}

/** Stored values as tools reach them; texts are JSON. */
export interface ValueStore {
  /** Items `[from, to)`; fewer when the list ends before. */
  list(ref: string, from: number, to: number): Promise<string[]>;
  value(ref: string): Promise<string>;
  /** Number of items of a list. */
  size(ref: string): Promise<number>;
  newList(): ListWriter;
  /** Keeps a value on its own; `text` is JSON. */
  keep(text: string, about: KeepOptions): Promise<Hole>;
}

export interface KeepOptions {
  name?: string;
  scope?: string;
  store?: string;
  ttl_s?: number;
}

export interface ListWriter {
  /** `itemsText`: a JSON array of `count` items. */
  page(itemsText: string, count: number): Promise<void>;
  end(): Promise<Hole>;
}

export interface ItemFailure {
  error: ErrorInfo;
  /** JSON of what there is besides the error. */
  text?: string;
}

export type ToolOutcome = {
  /** What the item printed, bounded. */
  stdout: string;
  duration_ms: number;
} & ({ status: 'ok'; /** JSON of the result. */ text: string } | ({ status: 'error' } & ItemFailure));

/**
 * Traces of executions. Ids of spans are made of what they stand for, so processes that know nothing of each other tell
 * parts of one trace: its id comes from the execution at the top, or from whoever asked for it over W3C trace context.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Log } from '../log.ts';
import { processSecrets } from '../redaction/process-secrets.ts';

/** What a trace starts from, as it is stored with the execution. */
export interface TraceOrigin {
  /** Of the request that started the execution, or the one at the top. */
  traceparent: string | null;
  root_execution_id: string | null;
  parent_execution_id: string | null;
  start_time: Date;
  path: string;
}

/** Of an execution: itself, a step or loop by the event that opened it, a command. */
export type Part = 'execution' | `event:${string}` | `command:${string}`;

export interface SpanFacts {
  part: Part;
  /** Of the execution when absent. */
  under?: Part;
  /** A span to look at besides. */
  link?: Part;
  /** The execution's path when absent. */
  name?: string;
  /** Unix time; the start of the execution when absent. */
  startMs?: number;
  endMs: number;
  attributes: Record<string, string | number | boolean>;
  /** Why it failed. */
  error?: string;
}

export interface SpanRecord extends Omit<SpanFacts, 'part' | 'under' | 'link'> {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  linkedSpanId?: string;
  name: string;
  startMs: number;
}

/** Where spans go. */
export interface SpanSink {
  add(span: SpanRecord): void;
  /** Sends what is left. */
  close(): Promise<void>;
}

interface Place {
  traceId: string;
  /** Of the execution's own span. */
  parentSpanId?: string;
  /** False when the caller's trace is not recorded. */
  recorded: boolean;
  startMs: number;
  path: string;
}

const PLACES_MAX = 2_000;
const VERSION_00 = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** A header of W3C trace context, when it can be read. */
export function traceparentOf(header: string | undefined): string | undefined {
  return header !== undefined && VERSION_00.test(header) ? header : undefined;
}

export class ExecutionTraces {
  readonly #sink: SpanSink;
  readonly #log: Log;
  readonly #places: LRUCache<string, Place>;

  /** `origin` reads what is stored with an execution. */
  constructor(sink: SpanSink, origin: (executionId: string) => Promise<TraceOrigin | undefined>, log: Log) {
    this.#sink = sink;
    this.#log = log;
    this.#places = new LRUCache({
      max: PLACES_MAX,
      fetchMethod: async (executionId) => {
        const found = await origin(executionId);
        return found && placeOf(executionId, found);
      },
    });
  }

  /** Never fails: a span that cannot be told is lost. */
  record(executionId: string, { part, under = 'execution', link, ...facts }: SpanFacts): void {
    void this.#places.fetch(executionId).then(
      (place) => {
        if (!place?.recorded) return;
        const parent = part === 'execution' ? place.parentSpanId : spanId(executionId, under);
        const { error } = facts;
        this.#sink.add({
          ...facts,
          ...(error !== undefined && { error: processSecrets.text(error) }),
          traceId: place.traceId,
          spanId: spanId(executionId, part),
          ...(parent !== undefined && { parentSpanId: parent }),
          ...(link && { linkedSpanId: spanId(executionId, link) }),
          name: facts.name ?? place.path,
          startMs: facts.startMs ?? place.startMs,
          attributes: { 'noetl.execution_id': executionId, 'noetl.path': place.path, ...facts.attributes },
        });
      },
      (error: unknown) => this.#log.debug('a span is lost', { execution_id: executionId, error }),
    );
  }

  /** What a request that is made within a part carries. */
  async traceparent(executionId: string, part: Part): Promise<string | undefined> {
    const place = await this.#places.fetch(executionId).catch(() => undefined);
    return place && `00-${place.traceId}-${spanId(executionId, part)}-${place.recorded ? '01' : '00'}`;
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}

function placeOf(executionId: string, origin: TraceOrigin): Place {
  const { traceparent, root_execution_id, parent_execution_id, start_time, path } = origin;
  const [, traceId, callerId, flags] = VERSION_00.exec(traceparent ?? '') ?? [];
  const parent = parent_execution_id === null ? callerId : spanId(parent_execution_id, 'execution');
  return {
    traceId: traceId ?? digest(`trace/${root_execution_id ?? executionId}`, 32),
    ...(parent !== undefined && { parentSpanId: parent }),
    recorded: flags === undefined || Number.parseInt(flags, 16) % 2 === 1,
    startMs: start_time.getTime(),
    path,
  };
}

function spanId(executionId: string, part: Part): string {
  return digest(`${executionId}/${part}`, 16);
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

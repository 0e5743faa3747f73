/** For tests: batches as a worker would send them, on real runners, with stored values in memory. */
import { hole, makeRef, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import type { ToolBatch, ToolEnvironment, ToolOutcome, ValueStore } from './tool.ts';
import type { Toolbox } from './toolbox.ts';

/** Lists by reference; lists that tools write are kept page by page. */
export class MemoryValues implements ValueStore {
  readonly lists = new Map<string, Json[]>();
  readonly pages: number[] = [];

  list(ref: string, from: number, to: number): Promise<string[]> {
    return Promise.resolve((this.lists.get(ref) ?? []).slice(from, to).map((item) => JSON.stringify(item)));
  }

  value(ref: string): Promise<string> {
    return Promise.resolve(JSON.stringify(this.lists.get(ref) ?? null));
  }

  size(ref: string): Promise<number> {
    return Promise.resolve(this.lists.get(ref)?.length ?? 0);
  }

  newList(): ReturnType<ValueStore['newList']> {
    const ref = makeRef('1', 'list', String(this.lists.size + 1), 0, 0);
    const items: Json[] = [];
    this.lists.set(ref.ref, items);
    return {
      page: (text, count) => {
        items.push(...(JSON.parse(text) as Json[]));
        this.pages.push(count);
        return Promise.resolve();
      },
      end: () => Promise.resolve(hole({ ...ref, count: items.length })),
    };
  }

  keep(text: string): ReturnType<ValueStore['keep']> {
    const ref = makeRef('1', 'value', String(this.lists.size + 1), 0, text.length);
    this.lists.set(ref.ref, JSON.parse(text) as Json[]);
    return Promise.resolve(hole(ref));
  }

  /** A stored list as inputs name it. */
  stored(items: Json[], bytes = 1): Json {
    const ref = makeRef('1', 'list', String(this.lists.size + 1), items.length, bytes);
    this.lists.set(ref.ref, items);
    return hole(ref);
  }
}

export interface RunOptions {
  batch?: Partial<ToolBatch>;
  environment?: Partial<ToolEnvironment>;
  config?: JsonObject;
}

function refuseCredential(name: string): Promise<never> {
  return Promise.reject(new NoetlError('CREDENTIAL_UNKNOWN', `there is no credential "${name}"`));
}

/** Outcomes of one batch. */
export async function runBatch(
  toolbox: Toolbox,
  kind: string,
  code: string,
  inputs: JsonObject[],
  { batch, environment, config }: RunOptions = {},
): Promise<ToolOutcome[]> {
  const context = {
    execution_id: '7',
    catalog_id: '1',
    path: 'p',
    vars: { a: 1 },
    steps: { before: 5 },
    step_kinds: {},
    args: {},
    payload: {},
  };
  const around = {
    execution_id: '7',
    step: 's',
    context,
    values: new MemoryValues(),
    credentials: refuseCredential,
    hide: () => undefined,
    redact: (text: string) => text,
    signal: new AbortController().signal,
  };
  const items = inputs.map((input, index) => ({ input, idempotency_key: String(index), attempt: 1 }));
  const outcomes: ToolOutcome[] = [];
  const tool = toolbox.get(kind);
  if (!tool) throw new Error(`no tool ${kind}`);
  const full = {
    config: { code, ...config },
    items,
    lookahead: 1_000,
    environment: { ...around, ...environment },
    ...batch,
  };
  for await (const outcome of tool.run(full)) outcomes.push(outcome);
  return outcomes;
}

/** Values, or error codes. */
export function told(outcomes: ToolOutcome[]): unknown[] {
  return outcomes.map((outcome) =>
    outcome.status === 'ok' ? (JSON.parse(outcome.text) as unknown) : outcome.error.code,
  );
}

/** For tests: a loop on real Postgres, and the moves of workers and aggregators on it. */
import { idSource, snowflakes, type Context, type Id, type LoopOpening, type OnError } from '@noetl/protocol';
import {
  closeLoop,
  commitDecision,
  connectStore,
  countLoop,
  createExecution,
  finishChunk,
  getLoop,
  openChunks,
  registerResource,
  withExecution,
  type FinishedChunk,
  type IterationRow,
  type LoopKey,
  type Store,
} from './index.ts';

const newId = snowflakes(3, Date.now);

export class LoopFixture {
  readonly store: Store;
  private readonly catalogId: Id;
  loop: LoopKey = { execution_id: '0', loop_id: '0' };

  private constructor(store: Store, catalogId: Id) {
    this.store = store;
    this.catalogId = catalogId;
  }

  static async connect(url: string): Promise<LoopFixture> {
    const store = connectStore({
      url,
      maxConnections: 12,
      applicationName: 'test',
      onError: () => undefined,
    });
    const { catalog_id } = await registerResource(store, {
      catalog_id: newId(),
      path: 'p',
      kind: 'Playbook',
      content: 'x',
    });
    return new LoopFixture(store, catalog_id);
  }

  /** Opens a loop over a range and makes it the one that the other moves are about. */
  async open(
    size: number,
    options: {
      window: number;
      chunk: number;
      on_error?: OnError;
      mode?: 'sequential';
      tolerated?: LoopOpening['tolerated'];
    },
  ): Promise<void> {
    const catalog_id = this.catalogId;
    const { execution_id } = await createExecution(this.store, {
      execution_id: newId(),
      catalog_id,
      path: 'p',
      version: 1,
      payload: {},
    });
    const context: Context = {
      execution_id,
      catalog_id,
      path: 'p',
      vars: {},
      steps: {},
      step_kinds: {},
      args: {},
      payload: {},
    };
    const loop_id = await withExecution(this.store, execution_id, async (tx, locked) => {
      const ids = idSource(locked.last_event_id, Date.now());
      const id = ids.next();
      const opening: LoopOpening = {
        loop_id: id,
        step: 'process_items',
        base_event_id: ids.reserve(size),
        size,
        iterator: 'item',
        mode: options.mode ?? 'parallel',
        concurrency: 1,
        cursor: false,
        on_error: options.on_error ?? 'continue',
        ...(options.tolerated && { tolerated: options.tolerated }),
        collection: { kind: 'range', start: 0, step: 1, count: size },
        context,
      };
      const last_event_id = ids.last();
      await commitDecision(tx, {
        execution_id,
        catalog_id,
        events: [],
        commands: [],
        loops: [opening],
        last_event_id,
        snapshot: {},
        status: 'RUNNING',
      });
      await openChunks(
        tx,
        { execution_id, loop_id: id },
        { window: options.window, chunk_size: options.chunk },
      );
      return id;
    });
    this.loop = { execution_id, loop_id: loop_id ?? '0' };
  }

  async commands(): Promise<{ command_id: Id; from_index: number; to_index: number }[]> {
    const { rows } = await this.store.pool.query<{ command_id: Id; from_index: number; to_index: number }>(
      "SELECT command_id, from_index, to_index FROM noetl.command WHERE execution_id = $1 AND state IN ('pending', 'leased') ORDER BY from_index",
      [this.loop.execution_id],
    );
    return rows;
  }

  finish(command_id: Id, over: Partial<FinishedChunk> = {}): ReturnType<typeof finishChunk> {
    const { execution_id } = this.loop;
    return finishChunk(this.store, {
      execution_id,
      command_id,
      worker_id: 'w',
      rows: [],
      remaining: [],
      window: 2,
      chunk_size: 10,
      stop: false,
      ...over,
    });
  }

  async row(): Promise<Record<string, unknown>> {
    return (await getLoop(this.store, this.loop)) as unknown as Record<string, unknown>;
  }

  /** Whether this very call has closed the loop. */
  async close(inlineMaxBytes = 65_536, nowMs = Date.now()): Promise<boolean> {
    const loop = await getLoop(this.store, this.loop);
    const counted = loop && (await countLoop(this.store, loop, inlineMaxBytes));
    return counted !== undefined && closeLoop(this.store, counted, nowMs);
  }

  /** Ends the execution as a cancellation does. */
  async cancel(): Promise<void> {
    const { execution_id } = this.loop;
    await withExecution(this.store, execution_id, (tx, { last_event_id }) =>
      commitDecision(tx, {
        execution_id,
        catalog_id: this.catalogId,
        events: [],
        commands: [],
        loops: [],
        last_event_id,
        status: 'CANCELLED',
      }),
    );
  }

  /** Works off everything that is open, as one worker would. */
  async drain(worker: string): Promise<void> {
    for (let [next] = await this.commands(); next; [next] = await this.commands()) {
      await this.finish(next.command_id, { worker_id: worker, rows: rowsOf(next.from_index, next.to_index) });
    }
  }
}

export function row(index: number, over: Partial<IterationRow> = {}): IterationRow {
  return {
    index,
    status: 'COMPLETED',
    result_text: `{"i":${String(index)}}`,
    item_text: String(index),
    duration_s: 0.001,
    meta_text: '{}',
    ...over,
  };
}

export function rowsOf(from: number, to: number): IterationRow[] {
  return Array.from({ length: to - from }, (_, offset) => row(from + offset));
}

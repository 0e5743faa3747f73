/**
 * The events of an execution as NoETL's own tools read them: pages by number, newest first, and for every iteration
 * the commands and calls that its one row stands for.
 */
import { eventsByPage, type EventRow } from '@noetl/store';
import type { Id } from '@noetl/protocol';
import type { ApiDeps } from './deps.ts';

export interface History {
  events: object[];
  pagination: {
    page: number;
    page_size: number;
    total_events: number;
    total_pages: number;
    has_next: boolean;
    has_prev: boolean;
  };
}

/** A page holds `page_size` rows of the log; iterations show as four events each. */
export async function historyPage(
  deps: ApiDeps,
  executionId: Id,
  { page, page_size }: { page: number; page_size: number },
): Promise<History> {
  const offset = (page - 1) * page_size;
  const { rows, total } = await eventsByPage(deps.store, executionId, { offset, limit: page_size });
  const total_pages = Math.max(1, Math.ceil(total / page_size));
  return {
    events: rows.flatMap(shownEvents),
    pagination: {
      page,
      page_size,
      total_events: total,
      total_pages,
      has_next: page < total_pages,
      has_prev: page > 1,
    },
  };
}

function shownEvents(row: EventRow): object[] {
  if (row.loop_name === null) return [withContext(row, row.command_id)];
  // Items of one chunk share a command; each is told as a command of its own.
  const command_id = `${String(row.loop_id)}:${String(row.current_index)}`;
  const started = new Date(row.created_at.getTime() - (row.duration ?? 0) * 1000);
  const event = (event_type: string, status: string, created_at: Date): object =>
    withContext({ ...row, event_type, status, created_at, result: null }, command_id);
  const call = row.status === 'FAILED' ? 'call.error' : 'call.done';
  return [
    withContext(row, command_id),
    event(call, row.status, row.created_at),
    event('command.started', 'STARTED', started),
    event('command.issued', 'PENDING', started),
  ];
}

function withContext(row: EventRow, command_id: string | null): object {
  return { ...row, node_id: row.node_name, context: command_id === null ? null : { command_id } };
}

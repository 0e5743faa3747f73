/** The event log of an execution: keyset pages as JSON, or a live stream (SSE) that resumes where it broke off. */
import { once } from 'node:events';
import type { Request, Response, Router } from 'express';
import { onFeed } from '@noetl/bus';
import { EVENT_TYPES, NoetlError, TERMINAL_EVENTS, type EventType, type Id } from '@noetl/protocol';
import { getExecution, listEvents, type EventFilter, type EventRow } from '@noetl/store';
import { Bell } from '../http/bell.ts';
import { beginStream, HEARTBEAT_MS, wantsStream } from '../http/live.ts';
import { flag, id, readQuery, text, wholeNumber, word } from '../http/query.ts';
import { idOf } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';
import { executionOf } from './executions.ts';

const PAGE = { fallback: 100, min: 1, max: 500 };
const POLL_MS = 2_000;

export const EVENTS_QUERY = {
  after: id('events with higher ids only'),
  before: id('events with lower ids only'),
  limit: wholeNumber(PAGE),
  types: text('event types, with commas between them'),
  order: word(['ASC', 'DESC'] as const),
  iterations: flag(false, 'with the rows of loop iterations'),
  results: flag(true, 'without what came out when false'),
};

export function eventRoutes(router: Router, deps: ApiDeps): void {
  router.get('/executions/:id/events', async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.id);
    if (wantsStream(request)) {
      await stream(deps, execution_id, request, response);
      return;
    }
    const { results, types, order, ...page } = readQuery(EVENTS_QUERY, request.query);
    const filter: EventFilter = {
      ...page,
      order: order === 'DESC' ? 'desc' : 'asc',
      ...(types !== undefined && { types: typesOf(types) }),
    };
    const events = await listEvents(deps.store, execution_id, filter);
    const next = events.length === filter.limit ? (events.at(-1)?.event_id ?? null) : null;
    const shown = results ? events : events.map(({ result: _, ...event }) => event);
    response.json({ execution_id, events: shown, next });
  });
}

/** Throws BODY_INVALID naming the types there are. */
function typesOf(text: string): EventType[] {
  const types = text.split(',').map((type) => type.trim());
  const unknown = types.find((type) => !(EVENT_TYPES as readonly string[]).includes(type));
  if (unknown === undefined) return types as EventType[];
  throw new NoetlError(
    'BODY_INVALID',
    `there is no event type "${unknown}"; there are ${EVENT_TYPES.join(', ')}`,
  );
}

async function stream(deps: ApiDeps, executionId: Id, request: Request, response: Response): Promise<void> {
  const query = readQuery(EVENTS_QUERY, request.query);
  const resumed = request.get('last-event-id');
  let after = resumed === undefined ? (query.after ?? '0') : idOf(resumed, 'Last-Event-ID');
  const bell = new Bell();
  const closed = new AbortController();
  const feed = onFeed(deps.bus, executionId, () => bell.ring());
  response.on('close', () => {
    closed.abort();
    bell.ring();
  });
  beginStream(response);
  const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
  try {
    while (!closed.signal.aborted) {
      // Asked before reading, so that nothing appended in between is missed at the end.
      const ended = (await getExecution(deps.store, executionId))?.end_time !== null;
      const events = await listEvents(deps.store, executionId, {
        after,
        limit: PAGE.max,
        order: 'asc',
        iterations: query.iterations,
      });
      for (const event of events) await send(response, event);
      after = events.at(-1)?.event_id ?? after;
      if (events.length === PAGE.max) continue;
      if (ended) break;
      // A terminal event may have come since we asked; a redrive may have followed it already.
      if (!events.some((event) => TERMINAL_EVENTS.includes(event.event_type as EventType)))
        await bell.wait(POLL_MS);
    }
  } finally {
    clearInterval(heartbeat);
    await feed.stop();
    response.end();
  }
}

async function send(response: Response, event: EventRow): Promise<void> {
  const room = response.write(
    `id: ${event.event_id}\nevent: ${event.event_type}\ndata: ${JSON.stringify(event)}\n\n`,
  );
  if (!room && !response.destroyed) await Promise.race([once(response, 'drain'), once(response, 'close')]);
}

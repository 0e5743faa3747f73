/** The event log of an execution: keyset pages as JSON, or a live stream (SSE) that resumes where it broke off. */
import { once } from 'node:events';
import type { Request, Response, Router } from 'express';
import { onFeed } from '@noetl/bus';
import { EVENT_TYPES, NoetlError, TERMINAL_EVENTS, type EventType, type Id } from '@noetl/protocol';
import { getExecution, listEvents, type EventFilter, type EventRow } from '@noetl/store';
import { Bell } from '../http/bell.ts';
import { idOf, numberOf, onceOf, wordOf } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';
import { executionOf } from './executions.ts';

const PAGE = { fallback: 100, min: 1, max: 500 };
const POLL_MS = 2_000;
const HEARTBEAT_MS = 15_000;

export function eventRoutes(router: Router, deps: ApiDeps): void {
  router.get('/executions/:id/events', async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.id);
    if (request.accepts(['json', 'text/event-stream']) === 'text/event-stream') {
      await stream(deps, execution_id, request, response);
      return;
    }
    const filter = filterOf(request);
    const events = await listEvents(deps.store, execution_id, filter);
    const next = events.length === filter.limit ? (events.at(-1)?.event_id ?? null) : null;
    response.json({ execution_id, events, next });
  });
}

function filterOf(request: Request): EventFilter {
  const { after, before, limit, types, order, iterations } = request.query;
  return {
    limit: numberOf(limit, 'limit', PAGE),
    order: wordOf(order, 'order', ['ASC', 'DESC'] as const) === 'DESC' ? 'desc' : 'asc',
    iterations: iterations === 'true',
    ...(after !== undefined && { after: idOf(after, 'after') }),
    ...(before !== undefined && { before: idOf(before, 'before') }),
    ...(types !== undefined && { types: typesOf(onceOf(types, 'types')) }),
  };
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
  const resumed = request.get('last-event-id') ?? request.query['after'];
  let after = resumed === undefined ? '0' : idOf(resumed, 'Last-Event-ID');
  const bell = new Bell();
  const closed = new AbortController();
  const feed = onFeed(deps.bus, executionId, () => bell.ring());
  response.on('close', () => {
    closed.abort();
    bell.ring();
  });
  response
    .status(200)
    .set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' });
  response.flushHeaders();
  const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
  try {
    while (!closed.signal.aborted) {
      // Asked before reading, so that nothing appended in between is missed at the end.
      const ended = (await getExecution(deps.store, executionId))?.end_time !== null;
      const events = await listEvents(deps.store, executionId, {
        after,
        limit: PAGE.max,
        order: 'asc',
        iterations: request.query['iterations'] === 'true',
      });
      for (const event of events) await send(response, event);
      after = events.at(-1)?.event_id ?? after;
      if (events.some((event) => TERMINAL_EVENTS.includes(event.event_type as EventType))) break;
      if (events.length === 0 && ended) break;
      if (events.length < PAGE.max) await bell.wait(POLL_MS);
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

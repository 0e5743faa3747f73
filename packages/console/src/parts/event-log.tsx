/** The events of an execution, without those of iterations: pages by key, a row opens to show what it carries. */
import { useState } from 'react';
import type { EventRow } from '../answers.ts';
import { urlOf } from '../api.ts';
import { seconds, when } from '../format.ts';
import { useFetch } from '../live.ts';
import { Pager } from './pager.tsx';
import { ProblemBox } from './problem-box.tsx';
import { ValueView } from './value-view.tsx';

const PAGE = 25;

/** `version` changes when there are new events. */
export function EventLog({ id, version }: { id: string; version: string }) {
  const [before, setBefore] = useState<string[]>([]);
  const last = before.at(-1);
  const query = {
    limit: PAGE,
    order: 'DESC',
    results: false,
    ...(last !== undefined && { before: last }),
  } as const;
  const isNewest = last === undefined;
  const { data, problem } = useFetch(
    urlOf('/api/executions/{id}/events', { path: { id }, query }),
    isNewest ? version : '',
  );
  const next = data?.next;
  return (
    <section aria-labelledby="events">
      <h2 id="events">Events</h2>
      <ProblemBox problem={problem} />
      <ul className="events">
        {data?.events.map((event) => (
          <li key={event.event_id}>
            <EventDetails event={event} />
          </li>
        ))}
      </ul>
      <Pager
        label="Pages of events"
        back={['Newer', isNewest ? undefined : () => setBefore(before.slice(0, -1))]}
        on={['Older', next ? () => setBefore([...before, next]) : undefined]}
      />
    </section>
  );
}

function EventDetails({ event }: { event: EventRow }) {
  const { event_type, node_name, status, created_at, duration, error, meta } = event;
  const [open, setOpen] = useState(false);
  return (
    <details open={open} onToggle={(toggle) => setOpen(toggle.currentTarget.open)}>
      <summary>
        <span className="type">{event_type}</span> <strong>{node_name}</strong>{' '}
        <span className={status === 'FAILED' ? 'word bad' : 'word'}>{status}</span>{' '}
        <span className="faint">
          {when(created_at)}
          {duration === null ? '' : `, ${seconds(duration)}`}
        </span>
      </summary>
      {open && (
        <>
          <ValueView label="Error" value={error} />
          <ValueView label="Prints" value={meta?.stdout} />
          <EventResult event={event} />
          <ValueView label="Meta" value={meta} />
        </>
      )}
    </details>
  );
}

/** Lists come without results: the one that is looked at is fetched. */
function EventResult({ event: { execution_id, event_id, event_type } }: { event: EventRow }) {
  const after = (BigInt(event_id) - 1n).toString();
  const query = { after, limit: 1, types: event_type };
  const { data, problem } = useFetch(
    urlOf('/api/executions/{id}/events', { path: { id: execution_id }, query }),
  );
  return (
    <>
      <ProblemBox problem={problem} />
      <ValueView label="Result" value={data?.events[0]?.result} />
    </>
  );
}

/** Schedules: when playbooks run by themselves. */
import { useState } from 'react';
import { api, done, urlOf, type Schemas } from '../api.ts';
import { seconds, when } from '../format.ts';
import { useAction, useFetch } from '../live.ts';
import { Confirm } from '../parts/confirm.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { Table } from '../parts/table.tsx';

export function SchedulesPage() {
  const { data, problem, reload } = useFetch(urlOf('/api/schedules', {}));
  return (
    <>
      <h1>Schedules</h1>
      <ProblemBox problem={problem} />
      {data && (
        <Table heads={['Playbook', 'When', 'Next run', 'Last run', 'Actions']} empty="There is no schedule.">
          {data.schedules.map((schedule) => (
            <ScheduleRow key={schedule.schedule_id} schedule={schedule} onChange={reload} />
          ))}
        </Table>
      )}
      <NewSchedule onCreated={reload} />
    </>
  );
}

function ScheduleRow({ schedule, onChange }: { schedule: Schemas['Schedule']; onChange: () => void }) {
  const { schedule_id, playbook_path, cron, interval_seconds, timezone, enabled, next_run_at, last_run_at } =
    schedule;
  const { run, busy, problem } = useAction();
  const params = { path: { id: schedule_id } };
  const changed = (request: Promise<{ response: Response }>): Promise<void> => done(request).then(onChange);
  return (
    <tr>
      <td>{playbook_path}</td>
      <td>{cron === null ? `every ${seconds(interval_seconds)}` : `${cron} (${timezone})`}</td>
      <td data-label="next">{enabled ? when(next_run_at) : 'switched off'}</td>
      <td data-label="last">{when(last_run_at)}</td>
      <td className="row">
        <button
          type="button"
          disabled={busy}
          onClick={() => run(() => changed(api.POST('/api/schedules/{id}/run', { params })))}
        >
          Run now
        </button>
        <button
          type="button"
          disabled={busy}
          onClick={() =>
            run(() => changed(api.PATCH('/api/schedules/{id}', { params, body: { enabled: !enabled } })))
          }
        >
          {enabled ? 'Switch off' : 'Switch on'}
        </button>
        <Confirm
          label="Delete"
          tone="bad"
          preview={() => Promise.resolve(`${playbook_path} no longer runs by itself.`)}
          act={() => changed(api.DELETE('/api/schedules/{id}', { params }))}
        />
        <ProblemBox problem={problem} />
      </td>
    </tr>
  );
}

function NewSchedule({ onCreated }: { onCreated: () => void }) {
  const catalog = useFetch(urlOf('/api/catalog', { query: { kind: 'Playbook', limit: 500 } }));
  const [path, setPath] = useState('');
  const [cron, setCron] = useState('0 * * * *');
  const { run, busy, problem } = useAction();
  const chosen = path === '' ? (catalog.data?.entries[0]?.path ?? '') : path;
  const create = async (): Promise<void> => {
    const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    await done(api.POST('/api/schedules', { body: { playbook_path: chosen, cron, timezone } }));
    onCreated();
  };
  return (
    <section aria-labelledby="new">
      <h2 id="new">New schedule</h2>
      <form
        className="filters"
        onSubmit={(event) => {
          event.preventDefault();
          run(create);
        }}
      >
        <label>
          Playbook
          <select value={chosen} onChange={(event) => setPath(event.target.value)}>
            {catalog.data?.entries.map((entry) => (
              <option key={entry.path}>{entry.path}</option>
            ))}
          </select>
        </label>
        <label>
          Cron
          <input value={cron} onChange={(event) => setCron(event.target.value)} />
        </label>
        <button type="submit" className="main" disabled={busy || chosen === ''}>
          Create
        </button>
      </form>
      <ProblemBox problem={problem} />
    </section>
  );
}

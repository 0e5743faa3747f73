/** Processes and queues: who lives, how much they can do at once, and what waits. */
import { count, when } from '../format.ts';
import { urlOf, type Schemas } from '../api.ts';
import { useLive } from '../live.ts';
import { ProblemBox } from '../parts/problem-box.tsx';
import { Table } from '../parts/table.tsx';

type Platform = Schemas['Platform'];

export function WorkersPage() {
  const { data, problem } = useLive(urlOf('/api/status', {}));
  return (
    <>
      <h1>Workers and queues</h1>
      <ProblemBox problem={problem} />
      {data && (
        <>
          <Queues platform={data} />
          <Processes processes={data.processes} />
        </>
      )}
    </>
  );
}

function Queues({ platform }: { platform: Platform }) {
  const { services, processes, commands, loops, executions } = platform;
  const slots = processes.filter(({ alive }) => alive).reduce((sum, { capacity }) => sum + capacity, 0);
  const tiles: [name: string, value: string][] = [
    ['slots', count(slots)],
    ['in flight', count(commands.leased)],
    ['lag (ready to run)', count(commands.pending)],
    ['put aside', count(commands.waiting)],
    ['open loops', count(loops)],
    ...Object.entries(services).map(([name, up]): [string, string] => [name, up ? '✓ answers' : '✕ is down']),
    ...Object.entries(executions).map(([status, n]): [string, string] => [
      `${status.toLowerCase()}, last day`,
      count(n),
    ]),
  ];
  return (
    <section aria-labelledby="queues">
      <h2 id="queues">Queues</h2>
      <dl className="tiles">
        {tiles.map(([name, value]) => (
          <div key={name} className="tile">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Processes({ processes }: Pick<Platform, 'processes'>) {
  return (
    <section aria-labelledby="processes">
      <h2 id="processes">Processes</h2>
      <Table
        heads={[
          'State',
          'Kind',
          'Name',
          'Slots',
          'In flight',
          'Runner restarts',
          'Isolation',
          'Started',
          'Last heartbeat',
        ]}
        empty="No process has registered: start a worker."
      >
        {processes.map(({ name, kind, capacity, in_flight, labels, alive, created_at, heartbeat }) => (
          <tr key={`${kind} ${name}`}>
            <td>
              <span className={alive ? 'status good' : 'status bad'}>{alive ? '✓ alive' : '✕ silent'}</span>
            </td>
            <td>{kind}</td>
            <td>{name}</td>
            <td data-label="slots">{capacity}</td>
            <td data-label="in flight">{in_flight}</td>
            <td data-label="runner restarts">{count(Number(labels['runner_restarts'] ?? 0))}</td>
            <td data-label="isolation">
              <Isolation labels={labels} />
            </td>
            <td data-label="started">{when(created_at)}</td>
            <td data-label="heartbeat">{when(heartbeat)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

/** What stands between code and the worker, and what that leaves open. */
function Isolation({ labels }: Pick<Platform['processes'][number], 'labels'>) {
  const { isolation, isolation_gaps: gaps } = labels;
  if (typeof isolation !== 'string') return null;
  if (!Array.isArray(gaps) || gaps.length === 0) return <>{isolation}</>;
  return (
    <details>
      <summary>
        {isolation}, {count(gaps.length)} {gaps.length === 1 ? 'gap' : 'gaps'}
      </summary>
      <ul>
        {gaps.map((gap) => (
          <li key={String(gap)}>{String(gap)}</li>
        ))}
      </ul>
    </details>
  );
}

/** All executions, the newest first, live; older ones by keyset pages. */
import { useState } from 'react';
import { Link } from 'wouter';
import type { ExecutionHead } from '../answers.ts';
import { urlOf, type Schemas } from '../api.ts';
import { lasted, when } from '../format.ts';
import { useFetch, useLive } from '../live.ts';
import { Pager } from '../parts/pager.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { StatusMark } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';

const PAGE = 50;
const STATUSES: Status[] = ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'];
const SPANS = { 'any time': 0, 'last hour': 1, 'last day': 24, 'last week': 168 };

type Status = Schemas['ExecutionStatus'];

interface Filter {
  status: Status | '';
  path: string;
  span: keyof typeof SPANS;
}

export function ExecutionsPage() {
  const [filter, setFilter] = useState<Filter>({ status: '', path: '', span: 'any time' });
  // The last id of each page before this one: the way back.
  const [before, setBefore] = useState<string[]>([]);
  const [since, setSince] = useState('');
  const after = before.at(-1);
  const query = {
    limit: PAGE,
    ...(filter.status !== '' && { status: filter.status }),
    ...(filter.path !== '' && { path: filter.path }),
    ...(since !== '' && { since }),
    ...(after !== undefined && { after }),
  };
  const { data, problem } = useLive(urlOf('/api/executions', { query }));
  const older = data?.next;
  const change = (next: Filter): void => {
    const hours = SPANS[next.span];
    if (next.span !== filter.span)
      setSince(hours === 0 ? '' : new Date(Date.now() - hours * 3_600_000).toISOString());
    setFilter(next);
    setBefore([]);
  };
  return (
    <>
      <h1>Executions</h1>
      <Filters filter={filter} onChange={change} />
      <ProblemBox problem={problem} />
      {data && <ExecutionsTable executions={data.executions} />}
      <Pager
        label="Pages of executions"
        back={['Newer', after === undefined ? undefined : () => setBefore(before.slice(0, -1))]}
        on={['Older', older ? () => setBefore([...before, older]) : undefined]}
      />
    </>
  );
}

function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const catalog = useFetch(urlOf('/api/catalog', { query: { kind: 'Playbook', limit: 500 } }));
  return (
    <form
      className="filters"
      role="search"
      aria-label="Executions"
      onSubmit={(event) => event.preventDefault()}
    >
      <label>
        Status
        <select
          value={filter.status}
          onChange={(event) => onChange({ ...filter, status: event.target.value as Filter['status'] })}
        >
          <option value="">all</option>
          {STATUSES.map((status) => (
            <option key={status}>{status}</option>
          ))}
        </select>
      </label>
      <label>
        Playbook
        <select value={filter.path} onChange={(event) => onChange({ ...filter, path: event.target.value })}>
          <option value="">all</option>
          {catalog.data?.entries.map(({ path }) => (
            <option key={path}>{path}</option>
          ))}
        </select>
      </label>
      <label>
        Started
        <select
          value={filter.span}
          onChange={(event) => onChange({ ...filter, span: event.target.value as keyof typeof SPANS })}
        >
          {Object.keys(SPANS).map((span) => (
            <option key={span}>{span}</option>
          ))}
        </select>
      </label>
    </form>
  );
}

function ExecutionsTable({ executions }: { executions: ExecutionHead[] }) {
  return (
    <Table
      heads={['Status', 'Playbook', 'Execution', 'Started', 'Took']}
      empty={
        <>
          Nothing here. <Link href="/catalog">Run a playbook of the catalog.</Link>
        </>
      }
    >
      {executions.map((row) => (
        <tr key={row.execution_id}>
          <td>
            <StatusMark status={row.status} paused={row.paused} />
          </td>
          <td>
            {row.path} <small>v{row.version}</small>
          </td>
          <td>
            <Link href={`/executions/${row.execution_id}`}>{row.execution_id}</Link>
          </td>
          <td>{when(row.started_at)}</td>
          <td>{lasted(row.started_at, row.completed_at, Date.now())}</td>
        </tr>
      ))}
    </Table>
  );
}

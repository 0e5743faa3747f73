/** The audit log, for admins: who did what, the newest first. */
import { useState } from 'react';
import { urlOf } from '../api.ts';
import { when } from '../format.ts';
import { useFetch } from '../live.ts';
import { Pager } from '../parts/pager.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { Table } from '../parts/table.tsx';

const PAGE = 50;
const OUTCOMES = ['DONE', 'REFUSED', 'FAILED', 'ABORTED'] as const;

interface Filter {
  outcome: (typeof OUTCOMES)[number] | '';
  who: string;
}

export function AuditPage() {
  const [filter, setFilter] = useState<Filter>({ outcome: '', who: '' });
  const [before, setBefore] = useState<string[]>([]);
  const after = before.at(-1);
  const query = {
    limit: PAGE,
    ...(filter.outcome !== '' && { outcome: filter.outcome }),
    ...(filter.who !== '' && { who: filter.who }),
    ...(after !== undefined && { after }),
  };
  const { data, problem } = useFetch(urlOf('/api/audit', { query }));
  const older = data?.next;
  return (
    <>
      <h1>Audit log</h1>
      <Filters
        {...filter}
        onChange={(next) => {
          setFilter(next);
          setBefore([]);
        }}
      />
      <ProblemBox problem={problem} />
      {data && (
        <Table heads={['When', 'Who', 'Action', 'Object', 'Outcome']} empty="Nothing here.">
          {data.entries.map((entry) => (
            <tr key={entry.audit_id}>
              <td>{when(entry.time)}</td>
              <td>{entry.who}</td>
              <td>{entry.action}</td>
              <td>{entry.object ?? '–'}</td>
              <td>
                <span className={entry.outcome === 'done' ? 'word' : 'word bad'}>{entry.outcome}</span>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Pager
        label="Pages of the audit log"
        back={['Newer', after === undefined ? undefined : () => setBefore(before.slice(0, -1))]}
        on={['Older', older ? () => setBefore([...before, older]) : undefined]}
      />
    </>
  );
}

function Filters({ outcome, who, onChange }: Filter & { onChange: (filter: Filter) => void }) {
  return (
    <form
      className="filters"
      role="search"
      aria-label="Audit log"
      onSubmit={(event) => event.preventDefault()}
    >
      <label>
        Who
        <input value={who} onChange={(event) => onChange({ outcome, who: event.target.value })} />
      </label>
      <label>
        Outcome
        <select
          value={outcome}
          onChange={(event) => onChange({ who, outcome: event.target.value as Filter['outcome'] })}
        >
          <option value="">all</option>
          {OUTCOMES.map((each) => (
            <option key={each} value={each}>
              {each.toLowerCase()}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

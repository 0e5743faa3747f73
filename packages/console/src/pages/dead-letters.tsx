/** Failed items of an execution's loops, by cause. */
import { useState } from 'react';
import { Link } from 'wouter';
import { urlOf } from '../api.ts';
import { when } from '../format.ts';
import { useFetch } from '../live.ts';
import { FailureGroups } from '../parts/failure-groups.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { StatusMark } from '../parts/status.tsx';

const RECENT = 100;

export function DeadLettersPage({ id: given }: { id?: string }) {
  const [id, setId] = useState(given ?? '');
  const [turn, setTurn] = useState(0);
  const { data, problem } = useFetch(urlOf('/api/executions', { query: { limit: RECENT } }), turn);
  const recent = data?.executions ?? [];
  const failed = recent.find(({ status }) => status === 'FAILED') ?? recent[0];
  const shown = id === '' ? failed?.execution_id : id;
  const head = recent.find(({ execution_id }) => execution_id === shown);
  return (
    <>
      <h1>Dead letters</h1>
      <ProblemBox problem={problem} />
      <div className="filters">
        <label>
          Execution
          <select value={shown ?? ''} onChange={(event) => setId(event.target.value)}>
            {shown !== undefined && !head && <option value={shown}>{shown}</option>}
            {recent.map(({ execution_id, path, status, started_at }) => (
              <option key={execution_id} value={execution_id}>
                {status} {path}, {when(started_at)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {shown === undefined ? (
        <p className="empty">There is no execution yet.</p>
      ) : (
        <>
          <p className="row">
            {head && <StatusMark status={head.status} paused={head.paused} />}
            <Link href={`/executions/${shown}`}>{shown}</Link>
          </p>
          <FailureGroups
            key={shown}
            id={shown}
            version={turn}
            ended={head?.completed_at !== null}
            onRedriven={() => setTurn(turn + 1)}
          />
        </>
      )}
    </>
  );
}

/** API tokens, for admins: made and shown once, listed, revoked. */
import { useState } from 'react';
import { api, done, urlOf, type Schemas } from '../api.ts';
import { grantText, when } from '../format.ts';
import { useAction, useFetch } from '../live.ts';
import { Confirm } from '../parts/confirm.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { Table } from '../parts/table.tsx';

const ROLES = ['viewer', 'operator', 'author', 'admin'] as const;
const DAYS = { '30 days': 30, '90 days': 90, '1 year': 365, never: null } as const;

export function TokensPage() {
  const { data, problem, reload } = useFetch(urlOf('/api/tokens', {}));
  return (
    <>
      <h1>Tokens</h1>
      <ProblemBox problem={problem} />
      {data && (
        <Table heads={['Name', 'May', 'Expires', 'Last used', 'Actions']} empty="There is no token.">
          {data.tokens.map((token) => (
            <TokenRow key={token.token_id} token={token} onChange={reload} />
          ))}
        </Table>
      )}
      <NewToken onMade={reload} />
    </>
  );
}

function TokenRow({ token, onChange }: { token: Schemas['Token']; onChange: () => void }) {
  const { token_id, name, grants, expires_at, revoked_at, last_used_at } = token;
  const revoke = async (): Promise<void> => {
    await done(api.DELETE('/api/tokens/{id}', { params: { path: { id: token_id } } }));
    onChange();
  };
  return (
    <tr>
      <td>
        {name} <small>{token_id}</small>
      </td>
      <td>{grants.map(grantText).join(', ')}</td>
      <td data-label="expires">{expires_at === null ? 'never' : when(expires_at)}</td>
      <td data-label="last used">{when(last_used_at)}</td>
      <td className="row">
        {revoked_at === null ? (
          <Confirm
            label="Revoke"
            tone="bad"
            preview={() => Promise.resolve(`Whoever uses ${name} is refused from now on.`)}
            act={revoke}
          />
        ) : (
          <span className="word bad">revoked</span>
        )}
      </td>
    </tr>
  );
}

function NewToken({ onMade }: { onMade: () => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<(typeof ROLES)[number]>('viewer');
  const [prefix, setPrefix] = useState('');
  const [days, setDays] = useState<keyof typeof DAYS>('90 days');
  const [made, setMade] = useState<string>();
  const { run, busy, problem } = useAction();
  const make = async (): Promise<void> => {
    const body = { name, grants: [{ role, prefix }], expires_in_days: DAYS[days] };
    const { token } = await done(api.POST('/api/tokens', { body }));
    setMade(token);
    onMade();
  };
  return (
    <section aria-labelledby="new">
      <h2 id="new">New token</h2>
      <form
        className="filters"
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          run(make);
        }}
      >
        <label>
          Name
          <input required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <label>
          Role
          <select value={role} onChange={(event) => setRole(event.target.value as typeof role)}>
            {ROLES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label>
          Below path
          <input
            placeholder="everything"
            value={prefix}
            onChange={(event) => setPrefix(event.target.value)}
          />
        </label>
        <label>
          Expires
          <select value={days} onChange={(event) => setDays(event.target.value as typeof days)}>
            {Object.keys(DAYS).map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <button type="submit" className="main" disabled={busy}>
          Make token
        </button>
      </form>
      <ProblemBox problem={problem} />
      {made !== undefined && <MadeToken token={made} onSeen={() => setMade(undefined)} />}
    </section>
  );
}

function MadeToken({ token, onSeen }: { token: string; onSeen: () => void }) {
  const { run, problem } = useAction();
  return (
    <div role="status">
      <p>Copy it now: it is shown this once.</p>
      <pre className="token" aria-label="Token">
        {token}
      </pre>
      <div className="row">
        <button type="button" onClick={() => run(() => navigator.clipboard.writeText(token))}>
          Copy
        </button>
        <button type="button" className="plain" onClick={onSeen}>
          Hide
        </button>
      </div>
      <ProblemBox problem={problem} />
    </div>
  );
}

/** Credentials: written here, never read back. */
import { useState } from 'react';
import { api, done, Problem, urlOf } from '../api.ts';
import { when } from '../format.ts';
import { useAction, useFetch } from '../live.ts';
import { Confirm } from '../parts/confirm.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { Table } from '../parts/table.tsx';

const TYPES = ['bearer', 'basic', 'api_key', 'postgres', 'nats', 'oauth2'];

export function CredentialsPage() {
  const { data, problem, reload } = useFetch(urlOf('/api/credentials', {}));
  return (
    <>
      <h1>Credentials</h1>
      <p className="faint">
        They are stored encrypted and never shown again; sending one of the same name replaces it.
      </p>
      <ProblemBox problem={problem} />
      {data && (
        <Table heads={['Name', 'Type', 'Changed', 'Actions']} empty="There is no credential.">
          {data.items.map(({ name, type, updated_at }) => (
            <tr key={name}>
              <td>{name}</td>
              <td>{type}</td>
              <td>{when(updated_at)}</td>
              <td className="row">
                <Confirm
                  label="Delete"
                  tone="bad"
                  preview={() => Promise.resolve(`Playbooks that name ${name} fail from now on.`)}
                  act={async () => {
                    await done(api.DELETE('/api/credentials/{name}', { params: { path: { name } } }));
                    reload();
                  }}
                />
              </td>
            </tr>
          ))}
        </Table>
      )}
      <NewCredential onSaved={reload} />
    </>
  );
}

function NewCredential({ onSaved }: { onSaved: () => void }) {
  const [name, setName] = useState('');
  const [type, setType] = useState('bearer');
  const [text, setText] = useState('');
  const { run, busy, problem } = useAction();
  const save = async (): Promise<void> => {
    await done(api.POST('/api/credentials', { body: { name, type, data: fieldsOf(text) } }));
    setText('');
    onSaved();
  };
  return (
    <section aria-labelledby="new">
      <h2 id="new">Write a credential</h2>
      <form
        className="run"
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          run(save);
        }}
      >
        <label className="stacked">
          Name
          <input required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <label className="stacked">
          Type
          <select value={type} onChange={(event) => setType(event.target.value)}>
            {TYPES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label className="stacked">
          Fields, as JSON
          <textarea
            required
            rows={4}
            spellCheck={false}
            placeholder={'{"token": "…"}'}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <button type="submit" className="main" disabled={busy}>
          Save
        </button>
        <ProblemBox problem={problem} />
      </form>
    </section>
  );
}

/** Throws {@link Problem}; what was written is not repeated. */
function fieldsOf(text: string): Record<string, unknown> {
  try {
    // The api refuses what is not an object.
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new Problem({ code: 'VALUE', detail: 'The fields are not JSON.', hint: 'Write {"token": "…"}.' });
  }
}

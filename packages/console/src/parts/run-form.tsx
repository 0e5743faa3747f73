/** Starts a playbook: a field for each value of its `workload`, of the kind that stands there. */
import { useState, type ReactNode } from 'react';
import { api, done, Problem } from '../api.ts';
import { useAction } from '../live.ts';
import { ProblemBox } from './problem-box.tsx';

interface RunProps {
  path: string;
  version: number;
  workload: Record<string, unknown>;
  onStarted: (executionId: string) => void;
}

export function RunForm({ path, version, workload, onStarted }: RunProps) {
  const names = Object.keys(workload);
  const [texts, setTexts] = useState(() =>
    Object.fromEntries(names.map((name) => [name, textOf(workload[name])])),
  );
  const { run, busy, problem } = useAction();
  const start = async (): Promise<void> => {
    const payload = Object.fromEntries(
      names.map((name) => [name, valueOf(name, texts[name] ?? '', workload[name])]),
    );
    const { execution_id } = await done(api.POST('/api/execute', { body: { path, version, payload } }));
    onStarted(execution_id);
  };
  return (
    <section aria-labelledby="run">
      <h2 id="run">Run</h2>
      <form
        className="run"
        onSubmit={(event) => {
          event.preventDefault();
          run(start);
        }}
      >
        {names.length === 0 && <p className="empty">It takes no values.</p>}
        {names.map((name) => (
          <Field
            key={name}
            name={name}
            model={workload[name]}
            text={texts[name] ?? ''}
            onChange={(text) => setTexts({ ...texts, [name]: text })}
          />
        ))}
        <button type="submit" className="main" disabled={busy}>
          Run version {version}
        </button>
        <ProblemBox problem={problem} />
      </form>
    </section>
  );
}

interface FieldProps {
  name: string;
  model: unknown;
  text: string;
  onChange: (text: string) => void;
}

function Field({ name, model, text, onChange }: FieldProps) {
  if (typeof model === 'boolean')
    return (
      <label className="check">
        <input
          type="checkbox"
          checked={text === 'true'}
          onChange={(event) => onChange(String(event.target.checked))}
        />
        {name}
      </label>
    );
  return <label className="stacked">{[<span key="name">{name}</span>, input(model, text, onChange)]}</label>;
}

function input(model: unknown, text: string, onChange: (text: string) => void): ReactNode {
  const isOneLine = typeof model === 'string' ? !model.includes('\n') : typeof model === 'number';
  return isOneLine ? (
    <input
      key="value"
      inputMode={typeof model === 'number' ? 'decimal' : 'text'}
      value={text}
      onChange={(event) => onChange(event.target.value)}
    />
  ) : (
    <textarea
      key="value"
      rows={4}
      spellCheck={false}
      value={text}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** Text for what is text in the playbook, JSON for everything else. Throws {@link Problem}. */
function valueOf(name: string, text: string, model: unknown): unknown {
  if (typeof model === 'string') return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Problem({
      code: 'VALUE',
      detail: `${name} is not JSON.`,
      hint: `Write it as ${JSON.stringify(model).slice(0, 80)}.`,
    });
  }
}

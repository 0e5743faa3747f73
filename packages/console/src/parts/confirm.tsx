/** A button for what cannot be taken back: it asks once more, saying what would happen. */
import { useState } from 'react';
import { ProblemBox } from './problem-box.tsx';
import { useAction } from '../live.ts';

interface ConfirmProps {
  label: string;
  /** What would happen; asked for when the button is pressed. */
  preview: () => Promise<string>;
  act: () => Promise<unknown>;
  tone?: 'bad' | 'plain';
}

export function Confirm({ label, preview, act, tone = 'plain' }: ConfirmProps) {
  const [question, setQuestion] = useState<string>();
  const { run, busy, problem } = useAction();
  if (question === undefined)
    return (
      <>
        <button
          type="button"
          className={tone}
          disabled={busy}
          onClick={() => run(async () => setQuestion(await preview()))}
        >
          {label}
        </button>
        <ProblemBox problem={problem} />
      </>
    );
  const confirmed = async (): Promise<void> => {
    await act();
    setQuestion(undefined);
  };
  return (
    <span className="confirm" role="group" aria-label={label}>
      <span role="status">{question}</span>
      <button type="button" className={tone} disabled={busy} autoFocus onClick={() => run(confirmed)}>
        {label} now
      </button>
      <button type="button" className="plain" onClick={() => setQuestion(undefined)}>
        Keep
      </button>
      <ProblemBox problem={problem} />
    </span>
  );
}

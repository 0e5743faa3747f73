/** The way in, where the server asks for a token. */
import { useState } from 'react';
import { checkToken } from '../api.ts';
import { useAction } from '../live.ts';
import { ProblemBox } from '../parts/problem-box.tsx';
import { signIn } from '../session.ts';

export function LoginPage() {
  const [text, setText] = useState('');
  const { run, busy, problem } = useAction();
  const enter = async (): Promise<void> => {
    const given = text.trim();
    await checkToken(given);
    signIn(given);
  };
  return (
    <main id="main" tabIndex={-1}>
      <h1>Sign in</h1>
      <form
        className="run"
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          run(enter);
        }}
      >
        <label className="stacked">
          Token
          <input
            type="password"
            required
            autoFocus
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <p className="faint">
          An API token, or one of your identity provider. This tab keeps it until it is closed.
        </p>
        <button type="submit" className="main" disabled={busy}>
          Sign in
        </button>
        <ProblemBox problem={problem} />
      </form>
    </main>
  );
}

/** What went wrong, by its code, and what to do next. */
import type { Problem } from '../api.ts';

export function ProblemBox({ problem }: { problem: Problem | undefined }) {
  if (!problem) return null;
  return (
    <div className="problem" role="alert">
      <strong>{problem.code}</strong> {problem.message}
      {problem.hint !== '' && <p>{problem.hint}</p>}
    </div>
  );
}

/** What became of a loop's items, as one bar. */
import type { Counters } from '../answers.ts';
import { count } from '../format.ts';

const PARTS = ['succeeded', 'failed', 'timed_out', 'aborted', 'running', 'pending'] as const;

/** Percent that a part takes at least: eleven failures of a million are to be seen. */
const VISIBLE = 0.7;

export function StackedBar({ loop }: { loop: Counters }) {
  const parts = PARTS.filter((part) => loop[part] > 0).map((part) => ({
    part,
    left: 0,
    width: Math.max(VISIBLE, (loop[part] / Math.max(1, loop.total)) * 100),
  }));
  const sum = parts.reduce((total, { width }) => total + width, 0);
  for (const part of parts) part.width *= 100 / Math.max(1, sum);
  for (let i = 1; i < parts.length; i += 1) {
    const [last, part] = [parts[i - 1], parts[i]];
    if (last && part) part.left = last.left + last.width;
  }
  const label = PARTS.map((part) => `${count(loop[part])} ${part.replace('_', ' ')}`).join(', ');
  return (
    <svg className="stack" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label={label}>
      {parts.map(({ part, left, width }) => (
        <rect key={part} className={part} x={left} width={width} height={4} />
      ))}
    </svg>
  );
}

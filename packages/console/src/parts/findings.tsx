/** What the check of a playbook found: each with its place and what to do. */
import type { Finding } from '../api.ts';

interface FindingsProps {
  title: string;
  findings: Finding[];
  tone: 'bad' | 'warn';
}

export function Findings({ title, findings, tone }: FindingsProps) {
  if (findings.length === 0) return null;
  return (
    <section className={`findings ${tone}`} aria-label={title}>
      <h3>{title}</h3>
      <ul>
        {findings.map(({ code, message, hint, place }, i) => (
          <li key={i}>
            {place.line !== undefined && <span className="faint">line {place.line}: </span>}
            <code>{code}</code> {message}. {hint}
          </li>
        ))}
      </ul>
    </section>
  );
}

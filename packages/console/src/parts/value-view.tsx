/** A value as text that can be scrolled and copied. */
import { pretty } from '../format.ts';

export function ValueView({ label, value }: { label: string; value: unknown }) {
  if (value === null || value === undefined || value === '') return null;
  return (
    <figure className="value">
      <figcaption>{label}</figcaption>
      <pre tabIndex={0} aria-label={label}>
        {pretty(value)}
      </pre>
    </figure>
  );
}

/** Rows as a table for the terminal, in Markdown so that it can be pasted where figures are kept. */
import { markdownTable } from 'markdown-table';
import type { Row } from '../scenario.ts';

export const HEAD = ['what', 'median', 'unit', 'lowest … highest', 'besides'];

export function cells({ label, value, unit, samples, skipped, below, facts = {} }: Row): string[] {
  return [
    label,
    skipped === undefined ? readable(value) : below === undefined ? 'skipped' : `< ${readable(below)}`,
    unit,
    samples.length > 1 ? `${readable(Math.min(...samples))} … ${readable(Math.max(...samples))}` : '',
    skipped ?? besides(facts),
  ];
}

export function table(head: string[], lines: string[][]): string {
  return markdownTable([head, ...lines], { align: ['l', 'r', 'l', 'r', 'l'] });
}

function besides(facts: NonNullable<Row['facts']>): string {
  return Object.entries(facts)
    .map(([name, fact]) => `${name} ${typeof fact === 'number' ? readable(fact) : fact}`)
    .join(', ');
}

/** 1234.5 → "1,235", 1.2345 → "1.23". */
export function readable(value: number): string {
  return value.toLocaleString(
    'en-US',
    Math.abs(value) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 },
  );
}

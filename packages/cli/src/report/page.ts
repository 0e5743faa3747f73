/** A report as one HTML file that needs nothing else: tables, and charts as SVG in the page. */
import escapeHtml from 'escape-html';
import { type Chart, drawChart } from './chart.ts';

export interface Report {
  title: string;
  /** Said once, on top: the machine, the time. */
  facts: Record<string, string | number>;
  sections: ReportSection[];
}

export interface ReportSection {
  title: string;
  text?: string;
  head: string[];
  rows: string[][];
  charts: Chart[];
}

const STYLE = `body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 } th, td { border-bottom: 1px solid #ddd; padding: .25rem .75rem; text-align: left }
td { font-variant-numeric: tabular-nums } svg { max-width: 100%; height: auto; margin: 1rem 0 }`;

export async function reportPage({ title, facts, sections }: Report): Promise<string> {
  const about = Object.entries(facts).map(([name, value]) => [name, String(value)]);
  const parts = await Promise.all(sections.map(sectionHtml));
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body>
<h1>${escapeHtml(title)}</h1>
${tableHtml([], about)}
${parts.join('\n')}
</body>
</html>
`;
}

async function sectionHtml({ title, text, head, rows, charts }: ReportSection): Promise<string> {
  const drawn = await Promise.all(charts.map(drawChart));
  return [
    `<h2>${escapeHtml(title)}</h2>`,
    ...(text === undefined ? [] : [`<p>${escapeHtml(text)}</p>`]),
    tableHtml(head, rows),
    ...drawn,
  ].join('\n');
}

function tableHtml(head: string[], rows: string[][]): string {
  const line = (cells: string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  const top = head.length === 0 ? [] : [line(head, 'th')];
  return ['<table>', ...top, ...rows.map((cells) => line(cells, 'td')), '</table>'].join('\n');
}

/** What the figures of a run are held against: every target with its ratio, computed from this run alone. */
import type { Row } from '../scenario.ts';
import { readable } from './table.ts';

export interface Verdict {
  what: string;
  target: string;
  /** Undefined when this run has not measured what it needs. */
  value: number | undefined;
  /** `value` is the least that it can be. */
  isLowerBound?: boolean;
  met: boolean | undefined;
}

type Value = (key: string) => number | undefined;

const JS = 'heavy_loop/javascript/parallel';
const PYTHON = 'heavy_loop/python/parallel';
const MB_MAX = 512;
const GROWTH_MAX = 1.2;
const GROWTH_MB = 64;
/** Ways of using peers, by the factor they are to be beaten by: durable engines, a job at a time, jobs in batches. */
const PEERS: { at_least: number; of: RegExp }[] = [
  { at_least: 50, of: /^peers\/(restate|dbos)\// },
  { at_least: 5, of: /^peers\/(bullmq\/|pg-boss\/single|graphile-worker\/items)/ },
  { at_least: 2, of: /^peers\/pg-boss\/(batched|byHand)/ },
];

export function verdicts(rows: Row[]): Verdict[] {
  const found = new Map(rows.map(({ key, value }) => [key, value]));
  const value: Value = (key) => found.get(key);
  const times = (what: string, ours: string, other: string, factor: number) =>
    atLeast(what, ratio(value(ours), value(other)), factor, '×');
  return [
    times('JavaScript, 100k, over the naive design', `${JS}/100000/100`, 'naive/javascript/parallel', 60),
    times('JavaScript, 100k, of the bare chunked ceiling', `${JS}/100000/100`, 'ceiling/chunked', 0.5),
    times('Python, 100k, over the naive design', `${PYTHON}/100000/100`, 'naive/python/parallel', 35),
    times('Python, 100k, of the composed ceiling', `${PYTHON}/100000/100`, 'ceiling/composed/python', 0.6),
    times(
      'Python, sequential, 10k, over the naive design in sequence',
      'heavy_loop/python/sequential/10000/100',
      'naive/python/sequential',
      10,
    ),
    ...peers(rows, value),
    times('JavaScript, 1M items against 100k', `${JS}/1000000/100`, `${JS}/100000/100`, 0.8),
    times('Python, 1M items against 100k', `${PYTHON}/1000000/100`, `${PYTHON}/100000/100`, 0.8),
    ...memory(rows, value),
    atLeast('8 workers over 1, I/O-bound', value('scale_out/speed_up/8'), 7, '×'),
    below('step in a chain (Python), p50', value('steps/python/p50'), 5, 'ms'),
    below('step in a chain (Python), p99', value('steps/python/p99'), 25, 'ms'),
    below('one-step execution beside a huge loop, p99', value('fairness/p99'), 2_000, 'ms'),
  ];
}

export const VERDICT_HEAD = ['what it must show', 'target', 'measured', 'outcome'];

export function verdictCells({ what, target, value, isLowerBound = false, met }: Verdict): string[] {
  const outcome = met === undefined ? 'not measured' : met ? 'met' : 'MISSED';
  const measured = value === undefined ? '' : `${isLowerBound ? '> ' : ''}${readable(value)}`;
  return [what, target, measured, outcome];
}

/** Each against our loop of the same size and padding, with JavaScript items as theirs. */
function peers(rows: Row[], value: Value): Verdict[] {
  return PEERS.flatMap(({ at_least, of }) =>
    rows
      .filter(({ key }) => of.test(key))
      .map(({ key, label, value: theirs, below: most }) => {
        const [items = '', padding = ''] = key.split('/').slice(-2);
        const ours = value(`${JS}/${items}/${padding}`);
        const verdict = atLeast(`${items} items, over ${label}`, ratio(ours, most ?? theirs), at_least, '×');
        return most === undefined ? verdict : ofLowerBound(verdict);
      }),
  );
}

/** A factor that is at least so much: what it misses by, nobody knows. */
function ofLowerBound({ met, ...verdict }: Verdict): Verdict {
  return { ...verdict, isLowerBound: true, met: met === true ? true : undefined };
}

/** Our own processes; a runner may hold what user code builds. */
function memory(rows: Row[], value: Value): Verdict[] {
  return rows.flatMap(({ key, value: mb }) => {
    const [, name = ''] = /^memory\/(api|aggregator|worker-\d+)\/1000000$/.exec(key) ?? [];
    if (name === '') return [];
    const few = value(`memory/${name}/10000`);
    const most = few === undefined ? MB_MAX : Math.min(MB_MAX, few * GROWTH_MAX + GROWTH_MB);
    return [below(`peak memory of ${name}, 1M items`, mb, Math.round(most), 'MB')];
  });
}

function ratio(ours: number | undefined, other: number | undefined): number | undefined {
  return ours === undefined || other === undefined || Number.isNaN(other) ? undefined : ours / other;
}

function atLeast(what: string, value: number | undefined, least: number, unit: string): Verdict {
  return {
    what,
    target: `≥ ${String(least)} ${unit}`,
    value,
    met: value === undefined ? undefined : value >= least,
  };
}

function below(what: string, value: number | undefined, most: number, unit: string): Verdict {
  return {
    what,
    target: `< ${String(most)} ${unit}`,
    value,
    met: value === undefined ? undefined : value < most,
  };
}

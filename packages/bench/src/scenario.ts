/** The one shape of everything that is measured: a scenario is asked to run and gives rows of figures. */
import type { Chart } from '@noetl/cli/report';
import { median } from 'simple-statistics';

export interface Scenario {
  /** As `--only` names it. */
  name: string;
  /** One sentence: what is measured, and how fair it is. */
  describe: string;
  run(options: RunOptions): Promise<Row[]>;
  /** What is worth drawing; all rows as bars when absent. */
  charts?(rows: Row[]): Chart[];
}

export interface RunOptions {
  /** Measurements of one figure; the row says their median. */
  repeat: number;
  /** Sizes of the work, in ascending order. */
  items: number[];
  /** Bytes of padding in each result. */
  padding: number[];
  /** Worker processes. */
  workers: number;
  /** Executions of short playbooks. */
  executions: number;
  /** Only what the short run promises. */
  quick: boolean;
  /** Names of the peers to measure; all when absent. */
  peers?: string[];
  /** A figure that has taken so long gets no more samples. */
  secondsPerFigure: number;
  /** An empty folder of this scenario, deleted after it. */
  dir: string;
  /** Where the measuring stands now; replaces what was said before. */
  progress: (text: string) => void;
  /** Has everything stopped that the scenario started, also when the run is interrupted. */
  atEnd: (stop: () => Promise<void>) => void;
}

export type Unit = 'items/s' | 'executions/s' | 'rows/s' | 'ms' | 'MB' | 'µs' | 'B' | '×';

export interface Row {
  /** Unique in a run and the same in every run: `heavy_loop/python/parallel/10000/100`. Targets name rows by it. */
  key: string;
  /** For people. */
  label: string;
  unit: Unit;
  /** Median of the samples; not a number when there are none. */
  value: number;
  samples: number[];
  /** What else was seen, for the table and for JSON: `{ seconds: 1.2, rows: 10000 }`. */
  facts?: Record<string, number | string>;
  /** Why there is no figure. */
  skipped?: string;
  /** Of a rate without a figure, because the run was broken off: it is lower than this. */
  below?: number;
  /** Points to plot besides, by series. */
  series?: Series[];
}

export interface Series {
  name: string;
  points: [x: number, y: number][];
}

/** A row whose value is the median of what was measured. */
export function row(of: Omit<Row, 'value'>): Row {
  return { ...of, value: median(of.samples) };
}

/** Runs `measure` as often as asked, one after another; less often, but once, when that takes longer than `seconds`. */
export async function repeated<T>(
  times: number,
  measure: (round: number) => Promise<T>,
  seconds = Infinity,
): Promise<T[]> {
  const all: T[] = [];
  const startedAt = performance.now();
  for (let round = 1; round <= times; round++) {
    all.push(await measure(round));
    if (performance.now() - startedAt >= seconds * 1_000) break;
  }
  return all;
}

/** The rows of each name, in order of their first. */
export function byName(rows: Row[], nameOf: (row: Row) => string): [name: string, rows: Row[]][] {
  const names = [...new Set(rows.map(nameOf))];
  return names.map((name) => [name, rows.filter((candidate) => nameOf(candidate) === name)]);
}

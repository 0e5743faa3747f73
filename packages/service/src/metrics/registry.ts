/**
 * The metrics of one process, and only place that knows the library behind them. Recording happens at the edges: each
 * package builds its recorders here once, and hands out functions that say what happened in its own words.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

type Labels = Record<string, string>;

/** Seconds, from a millisecond to a minute. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export interface MetricOptions {
  name: string;
  help: string;
  /** Names of labels; their values are few: never an id, never what a user has written. */
  labels?: readonly string[];
}

export class Metrics {
  readonly #registry = new Registry();

  /** With those of Node.js and the process: CPU, memory, event loop, garbage collection. */
  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** What has happened so often. */
  counter({ name, help, labels = [] }: MetricOptions): (labels?: Labels, by?: number) => void {
    const counter = new Counter({ name, help, labelNames: labels, registers: [this.#registry] });
    return (values = {}, by = 1) => counter.inc(values, by);
  }

  /** How long things took, in seconds, or how large they were, with `buckets` of one's own. */
  histogram({
    name,
    help,
    labels = [],
    buckets = SECONDS,
  }: MetricOptions & { buckets?: number[] }): (value: number, labels?: Labels) => void {
    const registers = [this.#registry];
    const histogram = new Histogram({ name, help, labelNames: labels, buckets, registers });
    return (value, values = {}) => histogram.observe(values, value);
  }

  /** What is now; read by `collect` at each scrape, or told as it changes. */
  gauge({ name, help, labels = [], collect }: MetricOptions & { collect?: () => number }): NowRecorder {
    const gauge = new Gauge({
      name,
      help,
      labelNames: labels,
      registers: [this.#registry],
      ...(collect && {
        collect() {
          this.set(collect());
        },
      }),
    });
    return {
      set: (value, values = {}) => gauge.set(values, value),
      add: (by, values = {}) => gauge.inc(values, by),
      clear: () => gauge.reset(),
    };
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of them, in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

export interface NowRecorder {
  set(value: number, labels?: Labels): void;
  add(by: number, labels?: Labels): void;
  /** Forgets all values: those that are not set again are no longer told. */
  clear(): void;
}

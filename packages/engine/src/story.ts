/** Plays one execution by hand, for tests: workers and the aggregator answer when the story says so. */
import { parsePlaybook, type Playbook } from '@noetl/playbook';
import { idSource, NoetlError, type EngineEvent, type Json, type JsonObject } from '@noetl/protocol';
import { decide } from './decide.ts';
import { evolve } from './evolve.ts';
import type { Decision } from './inputs.ts';
import { initialState, statusOf, type ExecutionState } from './state.ts';

const NOW = Date.UTC(2026, 0, 1);

export class Story {
  readonly playbook: Playbook;
  state: ExecutionState = initialState();
  readonly log: EngineEvent[] = [];
  last: Decision = { events: [], commands: [], loops: [] };
  private lastId = '0';
  private readonly values: Record<string, Json>;

  constructor(
    workflow: string,
    options: { workload?: string; payload?: JsonObject; values?: Record<string, Json> } = {},
  ) {
    const text = `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: t, path: tests/t}\nworkload: ${options.workload ?? '{}'}\nworkflow:\n${workflow}`;
    this.playbook = parsePlaybook(text).playbook;
    this.values = options.values ?? {};
    this.decide({ kind: 'start', execution_id: '100', catalog_id: '7', payload: options.payload ?? {} });
  }

  decide(input: Parameters<typeof decide>[1]): this {
    const ids = idSource(this.lastId, NOW);
    const environment = {
      playbook: this.playbook,
      ids,
      nowMs: NOW,
      env: {},
      values: (ref: string) => this.values[ref],
    };
    const outcome = decide(this.state, input, environment);
    if (outcome.kind === 'needs') throw new Error(`needs ${outcome.refs.join()}`);
    this.last = outcome.decision;
    this.log.push(...outcome.decision.events);
    this.state = outcome.state;
    this.lastId = ids.last();
    return this;
  }

  /** A worker's fact about the step's open command. */
  ends(step: string, value: Json = { ok: true }, error?: string): this {
    const command_id = this.state.steps[step]?.command_id ?? 'none';
    const failure = error === undefined ? undefined : new NoetlError('CODE_EXCEPTION', error).toInfo();
    const result = failure
      ? ({ status: 'error', error: failure, context: { error } } as unknown as Json)
      : value;
    return this.fact({
      event_type: 'step.exit',
      node_name: step,
      status: failure ? 'FAILED' : 'COMPLETED',
      result,
      command_id,
    });
  }

  /** The aggregator's fact about the step's open loop. */
  loopEnds(step: string, results: Json[], failed = 0): this {
    const loop_id = this.state.steps[step]?.loop_id ?? '0';
    const stats = { total: results.length, success: results.length - failed, failed, not_started: 0 };
    return this.fact({
      event_type: 'loop.done',
      node_name: step,
      status: failed > 0 ? 'FAILED' : 'COMPLETED',
      loop_id,
      result: { results, stats },
    });
  }

  fact(event: Record<string, unknown>): this {
    const ids = idSource(this.lastId, NOW);
    const full = { event_id: ids.next(), ...event } as unknown as EngineEvent;
    this.lastId = ids.last();
    this.log.push(full);
    this.state = evolve(this.state, full, this.playbook);
    return this.decide({ kind: 'proceed' });
  }

  /** Steps that wait for a fact. */
  get running(): string[] {
    return Object.entries(this.state.steps)
      .filter(([, step]) => step.status === 'running')
      .map(([name]) => name);
  }

  get status(): string {
    return statusOf(this.state);
  }

  count(type: string, step?: string): number {
    return this.log.filter(
      (event) => event.event_type === type && (step === undefined || event.node_name === step),
    ).length;
  }

  /** The state that a replica finds by folding the log from its start. */
  replayed(): ExecutionState {
    return this.log.reduce((state, event) => evolve(state, event, this.playbook), initialState());
  }
}

/** A step with a noop tool; `rest` is more YAML in flow form. */
export const step = (name: string, rest = ''): string =>
  `  - {step: ${name}, tool: {kind: noop}${rest === '' ? '' : `, ${rest}`}}\n`;
/** Routers in flow form: to one, to all, by arcs as written. */
export const to = (...names: string[]): string =>
  `next: {arcs: [${names.map((name) => `{step: ${name}}`).join(', ')}]}`;
export const all = (...names: string[]): string =>
  `next: {spec: {mode: inclusive}, arcs: [${names.map((name) => `{step: ${name}}`).join(', ')}]}`;
export const arcs = (text: string): string => `next: {arcs: [${text}]}`;

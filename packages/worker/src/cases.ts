/**
 * Seed cases, as far as they act where the tool runs: `sink` stores a result elsewhere, `retry` tries again or asks
 * for the next page, `collect` gathers what the pages bring. Everything else of a case is decided by the engine.
 */
import {
  evaluate,
  mergeDeep,
  render,
  renderInputs,
  type Action,
  type Step,
  type Task,
} from '@noetl/playbook';
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import type { ToolOutcome } from '@noetl/tools';
import { renderConfig, type Frame } from './frame.ts';
import { outputOf, outputView } from './output.ts';
import { callOnce, type TaskDeps } from './tasks.ts';

/** A playbook that pages without end is stopped here. */
const PAGES_MAX = 100;
/** Keys of `retry` that change the request: with one of them it asks for the next page. */
const REQUEST_KEYS = [
  'params',
  'args',
  'input',
  'url',
  'endpoint',
  'headers',
  'body',
  'data',
  'payload',
  'json',
];
const INPUT_KEYS = new Set(['args', 'input']);
const ATTEMPTS_DEFAULT = 3;

interface Place {
  task: Task;
  frame: Frame;
  deps: TaskDeps;
  locals: Record<string, unknown>;
}

export class SeedCases {
  readonly #step: Step;
  readonly #acts: boolean;
  #override: JsonObject = {};
  #inputs: JsonObject = {};
  #collected: Json[] | undefined;
  #into: string | undefined;
  #pages = 0;
  #tries = 1;

  constructor(step: Step) {
    this.#step = step;
    const actions = step.cases.flatMap((item) => [...item.then, ...item.else]);
    this.#acts = actions.some(({ do: kind }) => kind === 'sink' || kind === 'retry' || kind === 'collect');
  }

  /** The tool's configuration with what the next page changes. */
  override(config: JsonObject): JsonObject {
    return mergeDeep(config, this.#override);
  }

  overrideInput(input: JsonObject): JsonObject {
    return { ...input, ...this.#inputs };
  }

  /** Acts on an outcome; with `waitMs`, the tool is to be called again after so long. */
  async after(
    outcome: ToolOutcome,
    attempt: number,
    place: Place,
  ): Promise<{ outcome: ToolOutcome; waitMs?: number }> {
    if (!this.#acts) return { outcome };
    const failed = outcome.status === 'error';
    const acted = new Set<number>();
    for (const event of [failed ? 'call.error' : 'call.done', 'step.exit']) {
      const scope = this.#names(outcome, attempt, event, place);
      const index = await place.deps.values.run(() =>
        this.#step.cases.findIndex((item) => evaluate(item.when, place.frame.scope(scope))),
      );
      if (index < 0 || acted.has(index)) continue;
      acted.add(index);
      for (const action of this.#step.cases[index]?.then ?? []) {
        const waitMs = await this.#perform(action, outcome, scope, place);
        if (waitMs !== undefined) return { outcome, waitMs };
      }
    }
    return { outcome: this.#collected && !failed ? this.#gathered(outcome, place.frame) : outcome };
  }

  #names(outcome: ToolOutcome, attempt: number, event: string, { locals }: Place): Record<string, unknown> {
    const output = outputOf(outcome, attempt);
    const about = { name: event, type: event, step: this.#step.name, payload: output.data?.value ?? null };
    const response = output.data ?? undefined;
    const said = outcome.status === 'ok' ? { response, result: response } : { error: output.error };
    const view = outputView(output);
    return { ...locals, output: view, outcome: view, event: about, error: null, ...said };
  }

  async #perform(
    action: Action,
    outcome: ToolOutcome,
    names: Record<string, unknown>,
    place: Place,
  ): Promise<number | undefined> {
    if (action.do === 'sink') await sink(action.task, outcome, names, place);
    if (action.do === 'collect') await this.#collect(action.config, outcome, names, place);
    if (action.do !== 'retry') return undefined;
    const { frame, deps } = place;
    const config = await deps.values.run(() => render(action.config, frame.scope(names)) as JsonObject);
    return REQUEST_KEYS.some((key) => key in config) ? this.#nextPage(config) : this.#again(config);
  }

  #nextPage(config: JsonObject): number {
    this.#pages += 1;
    if (this.#pages >= PAGES_MAX)
      throw new NoetlError(
        'TOOL_FAILED',
        `step "${this.#step.name}" asks for more than ${String(PAGES_MAX)} pages`,
      );
    for (const key of REQUEST_KEYS.filter((name) => name in config)) {
      const value = config[key] ?? null;
      if (INPUT_KEYS.has(key)) this.#inputs = { ...this.#inputs, ...(isJsonObject(value) ? value : {}) };
      else this.#override = mergeDeep(this.#override, { [key]: value });
    }
    return 0;
  }

  /** Milliseconds until the next try; undefined when there is none left. */
  #again(config: JsonObject): number | undefined {
    const number = (name: string, fallback: number): number => {
      const value = Number(config[name] ?? fallback);
      return Number.isFinite(value) && value >= 0 ? value : fallback;
    };
    if (this.#tries >= number('max_attempts', ATTEMPTS_DEFAULT)) return undefined;
    const factor = number('backoff_multiplier', 1) ** (this.#tries - 1);
    this.#tries += 1;
    return Math.min(number('initial_delay', 1) * factor, number('max_delay', Infinity)) * 1000;
  }

  async #collect(
    config: JsonObject,
    outcome: ToolOutcome,
    names: Record<string, unknown>,
    { frame, deps }: Place,
  ): Promise<void> {
    if (outcome.status !== 'ok') return;
    const mode = jsonText(config['strategy'] ?? config['mode'] ?? 'append');
    const value = await deps.values.run(() => {
      const from = config['from'];
      if (from !== undefined && from !== null) return render(from, frame.scope(names));
      const path = jsonText(config['path'] ?? '');
      const expression = path === '' ? 'response' : `response.${path}`;
      return render(`{{ ${expression} }}`, frame.scope(names));
    });
    this.#into = typeof config['into'] === 'string' ? config['into'] : this.#into;
    const before = mode === 'replace' ? [] : (this.#collected ?? []);
    const list = Array.isArray(value) ? value : [value];
    this.#collected = mode === 'append' && !Array.isArray(value) ? [...before, value] : [...before, ...list];
  }

  /** The last page's value with everything that the pages brought. */
  #gathered(outcome: ToolOutcome, frame: Frame): ToolOutcome {
    const items = this.#collected ?? [];
    if (this.#into !== undefined) frame.write(this.#into, items);
    const value = JSON.parse(outcome.text ?? 'null') as Json;
    const base = isJsonObject(value) ? value : { data: value };
    const gathered = {
      ...base,
      _pagination: { pages_collected: this.#pages + 1, all_items: items },
      _all_collected_items: items,
    };
    return { ...outcome, status: 'ok', text: JSON.stringify(gathered) };
  }
}

/** Stores a result elsewhere; its failure is the step's, since data would be missing without a word. */
async function sink(
  task: Task,
  outcome: ToolOutcome,
  names: Record<string, unknown>,
  { frame, deps }: Place,
): Promise<void> {
  if (task.kind === 'event_log') return;
  const { config, input } = await deps.values.run(() => {
    const scope = frame.scope(names);
    return { config: renderConfig(task, scope), input: renderInputs(task.input, scope) };
  });
  const value = JSON.parse(outcome.text ?? 'null') as Json;
  const given = Object.fromEntries(Object.entries(input).filter(([, item]) => item !== null));
  const isCode = task.kind === 'python' || task.kind === 'javascript';
  const full = isCode ? { ...input, data: value, response: value, ...given } : input;
  const key = `${deps.idempotencyKey}/sink`;
  const stored = await callOnce(deps, task.kind, { config, input: full, key, attempt: 1, first: false });
  if (stored.status === 'ok') return;
  const { code, message, kind, retryable } = stored.error;
  throw new NoetlError(code, `the sink (${task.kind}) failed: ${message}`, { kind, retryable });
}

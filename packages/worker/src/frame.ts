/** What templates of one item (or of a plain step) see, and how tool inputs are rendered from it. */
import {
  assignVars,
  render,
  renderCode,
  renderInputs,
  scopeOf,
  type Scope,
  type Step,
  type Task,
} from '@noetl/playbook';
import { isJsonObject, type Context, type Json, type JsonObject } from '@noetl/protocol';
import { renderSql, sqlBinding } from '@noetl/tools';
import type { LoadedValues } from './loaded-values.ts';

/** Kinds whose `code` is a program: templates in it print as literals of the language. */
const CODE_KINDS = new Set(['python', 'javascript', 'script']);

export class Frame {
  /** Variables, with what this command has written so far. */
  vars: JsonObject;
  /** Only what was written, as whole top-level entries. */
  readonly written: JsonObject = {};
  readonly #context: Context;
  readonly #locals: Record<string, unknown>;
  readonly #values: LoadedValues;
  #iteration: JsonObject = {};

  constructor(context: Context, locals: Record<string, unknown>, values: LoadedValues) {
    this.#context = context;
    this.vars = context.vars;
    this.#locals = locals;
    this.#values = values;
  }

  scope(extra: Record<string, unknown> = {}): Scope {
    const iter = { ...((this.#locals['iter'] as JsonObject | undefined) ?? {}), ...this.#iteration };
    const locals = { ...this.#locals, iter, ...extra };
    return scopeOf({ ...this.#context, vars: this.vars }, locals, this.#values.resolve);
  }

  /** Applies `set` templates: `iter.x` stays in this iteration, everything else is a variable. */
  assign(assignments: Record<string, Json>, scope: Scope): void {
    for (const [path, template] of Object.entries(assignments)) {
      const value = render(template, scope);
      if (path.startsWith('iter.')) {
        Object.assign(this.#iteration, assignVars(this.#iteration, [[path.slice('iter.'.length), value]]));
      } else {
        this.write(path, value);
      }
    }
  }

  /** Writes one variable. */
  write(path: string, value: Json): void {
    const changed = assignVars(this.vars, [[path, value]]);
    Object.assign(this.written, changed);
    this.vars = { ...this.vars, ...changed };
  }

  /** What a suspended item has written; {@link restore} brings it back. */
  saved(): { written: JsonObject; iteration: JsonObject } {
    return { written: this.written, iteration: this.#iteration };
  }

  restore({ written, iteration }: { written: JsonObject; iteration: JsonObject }): void {
    Object.assign(this.written, written);
    this.vars = { ...this.vars, ...written };
    this.#iteration = iteration;
  }

  /** Inputs of a task: the step's under the task's; transition arguments win over both. */
  input(step: Step, task: Task, scope: Scope): JsonObject {
    const { args } = this.#context;
    return { ...renderInputs(step.input, scope, args), ...renderInputs(task.input, scope, args) };
  }
}

/** The tool's configuration with its templates rendered; code is rendered as code. */
export function renderConfig({ kind, config }: Pick<Task, 'kind' | 'config'>, scope: Scope): JsonObject {
  return Object.fromEntries(
    Object.entries(config).map(([key, template]) => {
      const isCode = key === 'code' && typeof template === 'string' && CODE_KINDS.has(kind);
      return [key, isCode ? renderCode(template, scope) : renderSetting(template, [key])];
    }),
  );

  /** SQL is found one level down, too: a transfer has two sides. */
  function renderSetting(template: Json, path: string[]): Json {
    const binding = sqlBinding(kind, path, config);
    const at = path.join('.');
    if (binding) return renderSql(template, scope, binding, at);
    if (kind !== 'transfer' || path.length > 1 || !isJsonObject(template)) return render(template, scope, at);
    return Object.fromEntries(
      Object.entries(template).map(([key, below]) => [key, renderSetting(below, [...path, key])]),
    );
  }
}

/** True when no part of the tool's configuration depends on templates, so that it is the same for all items. */
export function hasStaticConfig(task: Task): boolean {
  return !JSON.stringify([task.config, task.timeout ?? null]).includes('{{');
}

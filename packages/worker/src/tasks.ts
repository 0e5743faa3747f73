/**
 * Runs the tasks of a step for one item: the pipeline with its policy rules, retries, jumps and variable writes.
 * Whatever goes wrong becomes the item's outcome; nothing is thrown but aborts and {@link Suspended}.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { render, startsChild, type Step, type Task } from '@noetl/playbook';
import { errorInfo, jsonText, NoetlError, type ErrorInfo, type Json, type JsonObject } from '@noetl/protocol';
import { limitKeys, type ToolEnvironment, type ToolOutcome, type Toolbox } from '@noetl/tools';
import { SeedCases } from './cases.ts';
import { outcomeOfChild, startChild, type Child, type ChildCall } from './children.ts';
import { renderConfig, type Frame } from './frame.ts';
import type { Gate } from './gate.ts';
import { Postponed } from './line.ts';
import type { LoadedValues } from './loaded-values.ts';
import { outputOf, outputView } from './output.ts';
import { judge, retryDelayMs, type Verdict } from './policy.ts';
import { Suspended, type Progress } from './progress.ts';
import type { WorkerDeps } from './worker-deps.ts';

/** Most task runs of one item; guards against `jump` without end. */
const TASK_RUNS_MAX = 1_000_000;
const PREVIOUS = new Set(['previous', 'prev', '_previous', '@previous']);

export interface TaskDeps {
  toolbox: Toolbox;
  values: LoadedValues;
  environment: ToolEnvironment;
  idempotencyKey: string;
  children: Children;
  gate: Gate;
}

/** Child executions, as this worker starts and looks at them. */
export interface Children {
  start(call: ChildCall): Promise<Child>;
  outcome(child: Progress['child'], config: JsonObject): Promise<ToolOutcome | undefined>;
}

export function childrenOf(deps: WorkerDeps): Children {
  return {
    start: (call) => startChild(deps, call),
    outcome: (child, config) => outcomeOfChild(deps, child, config),
  };
}

/** Outcome of all tasks for one item; `text` is the JSON of its value. */
export type ItemOutcome = { stdout: string; attempts: number; duration_ms: number } & (
  { status: 'ok'; text: string } | { status: 'error'; error: ErrorInfo }
);

/** Progress through the pipeline. */
interface Run {
  step: Step;
  frame: Frame;
  deps: TaskDeps;
  cases: SeedCases;
  results: Map<string, string>;
  last: string | undefined;
  stdout: string;
  attempts: number;
  duration_ms: number;
  /** The child that an earlier life of this item waits for. */
  waiting: Progress | undefined;
}

interface Attempt {
  outcome: ToolOutcome;
  verdict: Verdict;
  /** Set when the verdict is a retry that has tries left. */
  waitMs?: number;
}

export async function runTasks(
  step: Step,
  frame: Frame,
  deps: TaskDeps,
  progress?: Progress,
): Promise<ItemOutcome> {
  const run: Run = {
    step,
    frame,
    deps,
    cases: new SeedCases(step),
    results: new Map(progress?.results),
    last: progress?.last ?? undefined,
    stdout: progress?.stdout ?? '',
    attempts: progress?.attempts ?? 0,
    duration_ms: progress?.duration_ms ?? 0,
    waiting: progress,
  };
  if (progress) frame.restore(progress);
  const facts = () => ({ stdout: run.stdout, attempts: run.attempts, duration_ms: run.duration_ms });
  try {
    const failure = await runPipeline(run, progress?.position ?? 0);
    if (failure) return { status: 'error', error: failure, ...facts() };
    return { status: 'ok', text: valueText(step, run), ...facts() };
  } catch (error) {
    if (deps.environment.signal.aborted || error instanceof Suspended || error instanceof Postponed)
      throw error;
    return { status: 'error', error: errorInfo(error), ...facts() };
  }
}

async function runPipeline(run: Run, from: number): Promise<ErrorInfo | undefined> {
  const { step } = run;
  let position = from;
  for (let runs = 0; position < step.tasks.length; runs += 1) {
    if (runs >= TASK_RUNS_MAX)
      throw new NoetlError('TEMPLATE_BUDGET', `the tasks of ${step.name} jump without end`);
    const task = step.tasks[position] as Task;
    const { outcome, verdict } = await runTask(run, task, position);
    run.results.set(task.name, outcomeText(outcome));
    run.last = task.name;
    if (verdict.action === 'break') return undefined;
    if (verdict.action === 'fail' || verdict.action === 'retry') return failureOf(outcome, step, task);
    if (verdict.action === 'jump') position = targetOf(step, verdict.rule?.to ?? '', position);
    else position += 1;
  }
  return undefined;
}

/** One task with its retries; ends with the verdict on the last attempt. */
async function runTask(run: Run, task: Task, position: number): Promise<Attempt> {
  const { deps, frame, cases } = run;
  for (let attempt = run.waiting?.attempt ?? 1; ; attempt += 1) {
    const called = await callTool(run, task, attempt, position);
    run.attempts += 1;
    run.duration_ms += called.duration_ms;
    run.stdout += called.stdout;
    const judgement = await cases.after(called, attempt, {
      task,
      frame,
      deps,
      locals: pipelineLocals(task, run, attempt),
    });
    const { outcome } = judgement;
    if (judgement.waitMs !== undefined) {
      await delay(judgement.waitMs, undefined, { signal: deps.environment.signal });
      continue;
    }
    const judged = await deps.values.run(() => judgeAttempt(run, task, outcome, attempt));
    if (judged.waitMs === undefined) return judged;
    await delay(judged.waitMs, undefined, { signal: deps.environment.signal });
  }
}

function judgeAttempt(run: Run, task: Task, outcome: ToolOutcome, attempt: number): Attempt {
  const { frame } = run;
  const simple = task.rules.length === 0 && Object.keys(task.set).length === 0;
  if (simple) return { outcome, verdict: { action: outcome.status === 'error' ? 'fail' : 'continue' } };
  const output = outputOf(outcome, attempt);
  const view = outputView(output);
  // What has just come out goes by the names of its task and, when that is all the step does, of its step.
  const own = output.data
    ? { ...(run.step.tasks.length === 1 && { [run.step.name]: output.data }), [task.name]: output.data }
    : {};
  const said = { response: output.response ?? undefined, error: output.error };
  const locals = { ...pipelineLocals(task, run, attempt), ...own, ...said, output: view, outcome: view };
  const scope = frame.scope(locals);
  const verdict = judge(task.rules, output, scope);
  if (verdict.rule) frame.assign(verdict.rule.set, scope);
  if (verdict.action === 'continue' || verdict.action === 'break')
    frame.assign(task.set, frame.scope(locals));
  if (verdict.action !== 'retry' || !verdict.rule) return { outcome, verdict };
  const waitMs = retryDelayMs(verdict.rule, attempt, scope);
  return waitMs === undefined ? { outcome, verdict } : { outcome, verdict, waitMs };
}

async function callTool(run: Run, task: Task, attempt: number, position: number): Promise<ToolOutcome> {
  const { step, frame, deps, cases } = run;
  const { config, input, timeoutMs, limit } = await deps.values.run(() => {
    const scope = frame.scope(pipelineLocals(task, run, attempt));
    const seconds = task.timeout === undefined ? undefined : Number(render(task.timeout, scope));
    return {
      config: cases.override(renderConfig(task, scope)),
      input: cases.overrideInput(frame.input(step, task, scope)),
      timeoutMs: seconds !== undefined && seconds > 0 ? seconds * 1000 : undefined,
      limit: step.limit === undefined ? '' : jsonText(render(step.limit, scope)),
    };
  });
  const key = `${deps.idempotencyKey}/${task.name}`;
  const within = timeoutMs !== undefined && { timeoutMs };
  const first = run.attempts === 0;
  if (!startsChild(task.kind))
    return callOnce(deps, task.kind, { config, input, key, attempt, ...within, limit, first });
  await deps.gate.enter([], first);
  return callChild(run, { position, attempt }, { config, input, key, ...within });
}

interface Call {
  config: JsonObject;
  input: JsonObject;
  key: string;
  attempt: number;
  timeoutMs?: number;
  /** Name of a limit that it falls under besides those of its host and credential. */
  limit?: string;
  /** Whether it is the first thing that is done. */
  first: boolean;
}

/** Calls a tool with one item, when the limits allow it. Throws TOOL_UNAVAILABLE. */
export async function callOnce(
  { toolbox, environment, gate }: Pick<TaskDeps, 'toolbox' | 'environment' | 'gate'>,
  kind: string,
  call: Call,
): Promise<ToolOutcome> {
  const tool = toolbox.get(kind);
  if (!tool)
    throw new NoetlError(
      'TOOL_UNAVAILABLE',
      `unsupported tool kind "${kind}": it is not available in this worker`,
    );
  const { config, input, key, attempt, timeoutMs, limit = '', first } = call;
  const permit = await gate.enter(gate.limited([limit, ...limitKeys(kind, config)]), first);
  const timeout = timeoutMs !== undefined && { timeout_ms: timeoutMs };
  const around = { ...environment, ...timeout, ...(permit && { permit }) };
  const items = [{ input, idempotency_key: key, attempt }];
  let last: ToolOutcome | undefined;
  try {
    for await (const outcome of tool.run({ config, items, lookahead: 1, environment: around }))
      last = outcome;
  } finally {
    permit?.release();
  }
  if (last) return last;
  throw new NoetlError('INTERNAL', `the tool ${kind} gave no outcome`);
}

/** Throws {@link Suspended} while the child runs. */
async function callChild(
  run: Run,
  at: { position: number; attempt: number },
  call: Omit<ChildCall, 'parent_execution_id'>,
): Promise<ToolOutcome> {
  const { children, environment } = run.deps;
  let child = run.waiting?.child;
  run.waiting = undefined;
  if (!child) {
    const key = `${call.key}/${String(at.attempt)}`;
    // Whatever goes along is stored with the child: secrets stay behind, a child has a keychain of its own.
    const { config, input } = withoutSecrets(environment, { config: call.config, input: call.input });
    const given = { ...call, config, input, key, parent_execution_id: environment.execution_id };
    const started = await children.start(given);
    if (!started.waits)
      return { status: 'ok', text: JSON.stringify(started.value), stdout: '', duration_ms: 0 };
    child = { execution_id: started.execution_id, deadline_ms: started.deadline_ms };
  }
  const outcome = await children.outcome(child, call.config);
  if (outcome) return outcome;
  const { results, last, stdout, attempts, duration_ms, frame } = run;
  const soFar = { results: [...results], last: last ?? null, stdout, attempts, duration_ms };
  throw new Suspended(withoutSecrets(environment, { ...at, ...soFar, ...frame.saved(), child }));
}

function withoutSecrets<T>({ redact }: ToolEnvironment, stored: T): T {
  return JSON.parse(redact(JSON.stringify(stored))) as T;
}

function pipelineLocals(task: Task, run: Run, attempt: number): Record<string, unknown> {
  const results: Record<string, unknown> = {};
  for (const [name, text] of run.results) results[name] = JSON.parse(text) as Json;
  const previous = run.last === undefined ? null : results[run.last];
  // Before there are any, a step of that name can be seen.
  const all = run.results.size > 0 ? { results } : {};
  return { ...results, ...all, _prev: previous, _task: task.name, _attempt: attempt };
}

/** Text of a task's value; a task that failed and was told to continue leaves its error in place. */
function outcomeText(outcome: ToolOutcome): string {
  if (outcome.status === 'ok') return outcome.text;
  return outcome.text ?? JSON.stringify({ status: 'error', error: outcome.error });
}

function failureOf(outcome: ToolOutcome, step: Step, task: Task): ErrorInfo {
  if (outcome.status === 'error') return outcome.error;
  return new NoetlError(
    'TOOL_FAILED',
    `a policy rule of task "${task.name}" in step "${step.name}" failed it`,
  ).toInfo();
}

function targetOf(step: Step, to: string, position: number): number {
  if (PREVIOUS.has(to)) return Math.max(0, position - 1);
  const target = step.tasks.findIndex((task) => task.name === to);
  if (target < 0) throw new NoetlError('TOOL_CONFIG', `step "${step.name}" has no task "${to}" to jump to`);
  return target;
}

/** One task: its value. Several: values by task name and the name of the last, read by the template scope. */
function valueText(step: Step, run: Run): string {
  if (run.last === undefined) return 'null';
  if (step.tasks.length === 1) return run.results.get(run.last) ?? 'null';
  const results = [...run.results].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',');
  if (!step.loop) return `{"results":{${results}},"last":${JSON.stringify(run.last)}}`;
  // Items of a loop are read as they are: results by task, over them the last task's fields.
  const last = run.results.get(run.last) ?? 'null';
  const fields = last === '{}' ? '' : `${last.slice(1, -1)},`;
  return last.startsWith('{') ? `{${results},${fields}"results":{${results}}}` : last;
}

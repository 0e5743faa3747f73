/**
 * Runs the tasks of a step for one item: the pipeline with its policy rules, retries, jumps and variable writes.
 * Whatever goes wrong becomes the item's outcome; nothing is thrown but aborts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { render, type Step, type Task } from '@noetl/playbook';
import { errorInfo, NoetlError, type ErrorInfo, type Json } from '@noetl/protocol';
import type { ToolEnvironment, ToolOutcome, Toolbox } from '@noetl/tools';
import { renderConfig, type Frame } from './frame.ts';
import type { LoadedValues } from './loaded-values.ts';
import { judge, retryDelayMs, type Output, type Verdict } from './policy.ts';

/** Most task runs of one item; guards against `jump` without end. */
const TASK_RUNS_MAX = 1_000_000;
const PREVIOUS = new Set(['previous', 'prev', '_previous', '@previous']);

export interface TaskDeps {
  toolbox: Toolbox;
  values: LoadedValues;
  environment: ToolEnvironment;
  idempotencyKey: string;
}

/** Outcome of all tasks for one item; `text` is the JSON of its value. */
export type ItemOutcome = { stdout: string; attempts: number; duration_ms: number } & (
  { status: 'ok'; text: string } | { status: 'error'; error: ErrorInfo }
);

/** Progress through the pipeline. */
interface Run {
  results: Map<string, string>;
  last: string | undefined;
  stdout: string;
  attempts: number;
  duration_ms: number;
}

interface Attempt {
  outcome: ToolOutcome;
  verdict: Verdict;
  /** Set when the verdict is a retry that has tries left. */
  waitMs?: number;
}

export async function runTasks(step: Step, frame: Frame, deps: TaskDeps): Promise<ItemOutcome> {
  const run: Run = { results: new Map(), last: undefined, stdout: '', attempts: 0, duration_ms: 0 };
  const facts = () => ({ stdout: run.stdout, attempts: run.attempts, duration_ms: run.duration_ms });
  try {
    const failure = await runPipeline(step, frame, deps, run);
    if (failure) return { status: 'error', error: failure, ...facts() };
    return { status: 'ok', text: valueText(step, run), ...facts() };
  } catch (error) {
    if (deps.environment.signal.aborted) throw error;
    return { status: 'error', error: errorInfo(error), ...facts() };
  }
}

async function runPipeline(
  step: Step,
  frame: Frame,
  deps: TaskDeps,
  run: Run,
): Promise<ErrorInfo | undefined> {
  let position = 0;
  for (let runs = 0; position < step.tasks.length; runs += 1) {
    if (runs >= TASK_RUNS_MAX)
      throw new NoetlError('TEMPLATE_BUDGET', `the tasks of ${step.name} jump without end`);
    const task = step.tasks[position] as Task;
    const { outcome, verdict } = await runTask(step, task, frame, deps, run);
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
async function runTask(step: Step, task: Task, frame: Frame, deps: TaskDeps, run: Run): Promise<Attempt> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await callTool(step, task, frame, deps, run, attempt);
    run.attempts += 1;
    run.duration_ms += outcome.duration_ms;
    run.stdout += outcome.stdout;
    const judged = await deps.values.run(() => judgeAttempt(task, frame, outcome, run, attempt));
    if (judged.waitMs === undefined) return judged;
    await delay(judged.waitMs, undefined, { signal: deps.environment.signal });
  }
}

function judgeAttempt(task: Task, frame: Frame, outcome: ToolOutcome, run: Run, attempt: number): Attempt {
  const simple = task.rules.length === 0 && Object.keys(task.set).length === 0;
  if (simple) return { outcome, verdict: { action: outcome.status === 'error' ? 'fail' : 'continue' } };
  const output = outputOf(outcome, attempt);
  const locals = { ...pipelineLocals(task, run, attempt), output, outcome: output };
  const scope = frame.scope(locals);
  const verdict = judge(task.rules, output, scope);
  if (verdict.rule) frame.assign(verdict.rule.set, scope);
  if (verdict.action === 'continue' || verdict.action === 'break')
    frame.assign(task.set, frame.scope(locals));
  if (verdict.action !== 'retry' || !verdict.rule) return { outcome, verdict };
  const waitMs = retryDelayMs(verdict.rule, attempt, scope);
  return waitMs === undefined ? { outcome, verdict } : { outcome, verdict, waitMs };
}

async function callTool(
  step: Step,
  task: Task,
  frame: Frame,
  deps: TaskDeps,
  run: Run,
  attempt: number,
): Promise<ToolOutcome> {
  const { config, input, timeoutMs } = await deps.values.run(() => {
    const scope = frame.scope(pipelineLocals(task, run, attempt));
    const seconds = task.timeout === undefined ? undefined : Number(render(task.timeout, scope));
    return {
      config: renderConfig(task, scope),
      input: frame.input(step, task, scope),
      timeoutMs: seconds !== undefined && seconds > 0 ? seconds * 1000 : undefined,
    };
  });
  const tool = deps.toolbox.get(task.kind);
  if (!tool)
    throw new NoetlError('TOOL_UNAVAILABLE', `the tool kind "${task.kind}" is not available in this worker`);
  const environment = { ...deps.environment, ...(timeoutMs !== undefined && { timeout_ms: timeoutMs }) };
  const items = [{ input, idempotency_key: `${deps.idempotencyKey}/${task.name}`, attempt }];
  let last: ToolOutcome | undefined;
  for await (const outcome of tool.run({ config, items, lookahead: 1, environment })) last = outcome;
  if (last) return last;
  throw new NoetlError('INTERNAL', `the tool ${task.kind} gave no outcome`);
}

function pipelineLocals(task: Task, run: Run, attempt: number): Record<string, unknown> {
  const results: Record<string, unknown> = {};
  for (const [name, text] of run.results) results[name] = JSON.parse(text) as Json;
  const previous = run.last === undefined ? null : results[run.last];
  return { ...results, results, _prev: previous, _task: task.name, _attempt: attempt };
}

function outputOf(outcome: ToolOutcome, attempt: number): Output {
  const meta = { attempt, duration_ms: outcome.duration_ms };
  const data = outcome.text === undefined ? null : (JSON.parse(outcome.text) as Json);
  if (outcome.status === 'ok') return { status: 'ok', data, response: data, error: null, meta };
  return { status: 'error', data, response: data, error: outcome.error, meta };
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
  const results = [...run.results].map(([name, text]) => `${JSON.stringify(name)}:${text}`);
  return `{"results":{${results.join(',')}},"last":${JSON.stringify(run.last)}}`;
}

/**
 * The loops that are running while things die: Python and JavaScript, parallel and sequential, with items that fail
 * by themselves and one that kills its worker each time it runs. What an item must give follows from its index.
 */
export interface LoopPlan {
  name: string;
  language: 'python' | 'javascript';
  mode: 'parallel' | 'sequential';
  items: number;
  /** How long an item takes. */
  item_ms: number;
  /** Index of the item that kills its worker. */
  poison?: number;
}

export const STEP = 'work';
/** Items that fail by themselves. */
const FAILS = { every: 97, at: 13 };

export function fails(index: number): boolean {
  return index % FAILS.every === FAILS.at;
}

/** The same as {@link fails}, in SQL. */
export const FAILS_SQL = `(current_index % ${String(FAILS.every)} = ${String(FAILS.at)})`;
/** What a good item gives, in SQL. */
export const VALUE_SQL = '(current_index::bigint * 7 + 3)';

export interface Scale {
  items: number;
  /** The loops together are to take about so long when nothing dies. */
  seconds: number;
  /** Chunks that run at once in the whole pool. */
  slots: number;
  poison: boolean;
}

const SHARES = { python: 0.45, javascript: 0.45 };

/** Loops of `items` items together. */
export function loopsOf({ items, seconds, slots, poison }: Scale): LoopPlan[] {
  const python = Math.floor(items * SHARES.python);
  const javascript = Math.floor(items * SHARES.javascript);
  const sequential = items - python - javascript;
  const perItem = (count: number, lanes: number): number =>
    Math.max(0, Math.floor((seconds * 1000 * lanes * 10) / count) / 10);
  const lanes = Math.max(1, (slots - 1) / 2);
  const poisoned = Math.floor(python / 10);
  return [
    {
      name: 'python_parallel',
      language: 'python',
      mode: 'parallel',
      items: python,
      item_ms: perItem(python, lanes),
      ...(poison && { poison: fails(poisoned) ? poisoned + 1 : poisoned }),
    },
    {
      name: 'javascript_parallel',
      language: 'javascript',
      mode: 'parallel',
      items: javascript,
      item_ms: perItem(javascript, lanes),
    },
    {
      name: 'python_sequential',
      language: 'python',
      mode: 'sequential',
      items: sequential,
      item_ms: perItem(sequential, 1),
    },
  ];
}

export const pathOf = (plan: LoopPlan): string => `chaos/${plan.name}`;

/** The playbook of a loop, as JSON, which is YAML. */
export function playbookOf(plan: LoopPlan): string {
  return JSON.stringify({
    apiVersion: 'noetl.io/v2',
    kind: 'Playbook',
    metadata: { name: plan.name, path: pathOf(plan) },
    workload: { items: plan.items },
    workflow: [
      {
        step: STEP,
        loop: {
          in: '{{ range(workload.items) }}',
          iterator: 'index',
          spec: { mode: plan.mode, policy: { on_error: 'continue' } },
        },
        tool: { kind: plan.language, input: { index: '{{ iter.index }}' }, code: codeOf(plan) },
        next: { arcs: [{ step: 'end' }] },
      },
      {
        step: 'end',
        tool: { kind: 'python', input: { stats: `{{ ${STEP}.stats }}` }, code: 'result = stats' },
      },
    ],
  });
}

function codeOf({ language, item_ms, poison = -1 }: LoopPlan): string {
  const { every, at } = FAILS;
  if (language === 'javascript') {
    return `await new Promise((resolve) => setTimeout(resolve, ${String(item_ms)}));
if (index % ${String(every)} === ${String(at)}) throw new Error('this one fails');
return { v: index * 7 + 3 };`;
  }
  return `import os, time
time.sleep(${String(item_ms / 1000)})
if index == ${String(poison)}:
    os.kill(os.getppid(), 9)
    time.sleep(60)
if index % ${String(every)} == ${String(at)}:
    raise ValueError("this one fails")
result = {"v": index * 7 + 3}`;
}

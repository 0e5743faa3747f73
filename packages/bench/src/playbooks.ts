/** Short playbooks that only measure the control plane. */

const HEAD = (name: string): string => `apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: ${name}, path: bench/${name} }
workflow:
`;

export type StepKind = 'noop' | 'python';

/** Steps one after another, each led to by the one before. */
export function chain(length: number, kind: StepKind): string {
  const tool = kind === 'noop' ? '{ kind: noop }' : `{ kind: python, code: 'result = {"done": True}' }`;
  const steps = Array.from({ length }, (_, place) => {
    const next = place + 1 < length ? `\n    next: { arcs: [{ step: step_${String(place + 2)} }] }` : '';
    return `  - step: step_${String(place + 1)}\n    tool: ${tool}${next}\n`;
  });
  return HEAD(`chain_${kind}_${String(length)}`) + steps.join('');
}

/** A loop as the first step. */
export function firstItem(): string {
  return `${HEAD('first_item')}  - step: each
    loop: { in: 1000, iterator: i, spec: { mode: parallel } }
    tool: { kind: python, input: { i: '{{ iter.i }}' }, code: 'result = {"i": i}' }
`;
}

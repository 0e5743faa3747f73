/** Playbooks from small shapes: chains, forks that join, loops of all kinds, rounds that enter a loop again. */
import { parsePlaybook, type Playbook } from '@noetl/playbook';
import type { Random } from '../random.ts';

type Shape = 'step' | 'loop' | 'fork' | 'round';

/** Builds a flow from its end to its start, so that each step knows its successor. */
class Flow {
  readonly lines: string[] = [];
  readonly #random: Random;
  #names = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The name of the shape's entry. */
  add(shape: Shape, successor: string | undefined, name = this.#name('s')): string {
    if (shape === 'step') return this.#write(name, '', this.#arcs(successor));
    if (shape === 'loop') return this.#write(name, this.#loop(), this.#arcs(successor));
    return shape === 'fork' ? this.#fork(name, successor) : this.#round(name, successor);
  }

  /** Two branches side by side; now and then both are loops. */
  #fork(name: string, successor: string | undefined): string {
    const join = this.add('step', successor);
    const branches = [0, 1].map(() => this.add(this.#random.pick(['step', 'loop']), join));
    const arcs = branches.map((branch) => `{step: ${branch}}`).join(', ');
    return this.#write(name, '', `next: {spec: {mode: inclusive}, arcs: [${arcs}]}`);
  }

  /** A step that leads back to the shape's entry until it has been visited so often. */
  #round(name: string, successor: string | undefined): string {
    const last = this.#name('r');
    const onward = successor === undefined ? '' : `, {step: ${successor}}`;
    const visits = String(this.#random.int(2, 6));
    this.#write(last, '', `next: {arcs: [{step: ${name}, when: '{{ ${last}.n < ${visits} }}'}${onward}]}`);
    return this.add(this.#random.pick(['step', 'loop']), last, name);
  }

  #loop(): string {
    const { int, pick, chance } = bound(this.#random);
    const spec = [`mode: ${pick(['parallel', 'parallel', 'sequential'])}`];
    if (chance(0.5)) spec.push(`max_in_flight: ${String(int(1, 6))}`);
    const policy = [`on_error: ${pick(['fail', 'continue'])}`];
    if (chance(0.3)) policy.push(`tolerated_failure: ${pick(['0', '1', '3', '{percent: 20}'])}`);
    spec.push(`policy: {${policy.join(', ')}}`);
    const size = chance(0.05) ? 0 : int(1, chance(0.2) ? 120 : 30);
    return `loop: {in: '{{ range(${String(size)}) }}', iterator: i, spec: {${spec.join(', ')}}}`;
  }

  #arcs(successor: string | undefined): string {
    if (successor === undefined) return '';
    // An arc whose condition names the event also leads on from a failure.
    const always = this.#random.chance(0.3) ? `, when: '{{ event.name is defined }}'` : '';
    return `next: {arcs: [{step: ${successor}${always}}]}`;
  }

  #write(name: string, ...parts: string[]): string {
    const rest = ['tool: {kind: noop}', ...parts].filter((part) => part !== '').join(', ');
    this.lines.unshift(`  - {step: ${name}, ${rest}}`);
    return name;
  }

  #name(prefix: string): string {
    this.#names += 1;
    return `${prefix}${String(this.#names)}`;
  }
}

function bound(random: Random): Pick<Random, 'int' | 'pick' | 'chance'> {
  return {
    int: (least, most) => random.int(least, most),
    pick: (list) => random.pick(list),
    chance: (probability) => random.chance(probability),
  };
}

export function playbookText(random: Random): string {
  const flow = new Flow(random);
  let entry: string | undefined;
  for (let shapes = random.int(1, 3); shapes > 0; shapes -= 1)
    entry = flow.add(random.pick(['step', 'loop', 'loop', 'fork', 'round']), entry);
  flow.add('step', entry, 'start');
  const head = 'apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: sim, path: sim/sim}\nworkflow:';
  return [head, ...flow.lines, ''].join('\n');
}

export function playbookOf(text: string): Playbook {
  return parsePlaybook(text).playbook;
}

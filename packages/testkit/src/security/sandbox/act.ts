/** One attack on the sandbox as the tables have it, and the ways to tell whether it was stopped. */
import type { Outcome } from '../corpus.ts';
import { waitFor } from '../../wait.ts';
import { processesWith, type Language, type Run, type Stage, type Targets } from './stage.ts';

export interface Act {
  name: string;
  language: Language;
  code: (targets: Targets) => string;
  /** What came of it; by effect, whatever the code says of itself. */
  judge: (run: Run, stage: Stage) => Outcome | Promise<Outcome>;
  /** Runs once for each of so many items of a loop. */
  items?: number;
  /**
   * It gets through where nothing stops it. Shown by the test on a worker without isolation, so that no attack counts
   * as blocked because it is a bad one. Absent where showing it would harm the machine.
   */
  works?: true;
  /** It works for a worker that is root only. */
  needsRoot?: true;
}

/** What code says when it has got where it should not. */
export const THROUGH = 'GOT-THROUGH';

/** Nothing that was stored holds the secret. */
export function keepsSecret({ text, status }: Run, { canary }: Stage): Outcome {
  return text.includes(canary)
    ? { blocked: false, how: 'the secret is in the result' }
    : { blocked: true, how: `the secret is nowhere (${status})` };
}

/** The code was not let through; it says so itself, having tried. */
export function isRefused({ text, status }: Run): Outcome {
  const place = text.indexOf(THROUGH);
  if (place >= 0) return { blocked: false, how: text.slice(place, place + 200) };
  const said = /REFUSED[^"\\]*/.exec(text)?.[0];
  if (said === undefined)
    return { blocked: false, how: `it did not get to try: ${status} ${text.slice(0, 300)}` };
  return { blocked: true, how: said };
}

/** It ended, as a failure of its item with one of these codes. */
export function fails(...codes: string[]): Act['judge'] {
  return ({ text, status }) => {
    const code = codes.find((one) => text.includes(one));
    return status === 'FAILED' && code !== undefined
      ? { blocked: true, how: code }
      : { blocked: false, how: `${status} ${text.slice(0, 300)}` };
  };
}

/** All of them must hold. */
export function both(...judges: Act['judge'][]): Act['judge'] {
  return async (run, stage) => {
    let last: Outcome = { blocked: false, how: 'nothing was judged' };
    for (const judge of judges) {
      last = await judge(run, stage);
      if (!last.blocked) return last;
    }
    return last;
  };
}

/** Code of another playbook gets right results, in the only runner that there is. */
export function othersAreRight(language: 'python' | 'javascript'): Act['judge'] {
  return async (_, stage) => {
    const code =
      language === 'python' ? 'result = {"sum": len([1, 2, 3])}' : 'return { sum: [1, 2, 3].length }';
    const { status, text } = await stage.run(language, code);
    const right = status === 'COMPLETED' && /"sum": ?3\b/.test(text);
    return { blocked: right, how: right ? 'the next playbook was right' : `${status} ${text.slice(0, 300)}` };
  };
}

/** What it left running is gone once another playbook has the runner. */
export function leavesNothing(language: 'python' | 'javascript' | 'shell'): Act['judge'] {
  return async (_, stage) => {
    if (language !== 'shell') await othersAreRight(language)({ status: '', text: '' }, stage);
    const left = () => processesWith(String(stage.targets.mark)).length;
    try {
      await waitFor(() => left() === 0, { what: 'the end of what it left', timeoutMs: 5_000 });
      return { blocked: true, how: 'nothing is left of it' };
    } catch {
      return { blocked: false, how: `${String(left())} processes are left` };
    }
  };
}

/** JSON is a literal of both languages. */
export function inPython(targets: Targets, code: string): string {
  return `import json, os, sys\nT = json.loads(${JSON.stringify(JSON.stringify(targets))})\n${code}`;
}

/** Objects of the runner lead out of the context of the program: there `use` is `require`. */
export function inNode(targets: Targets, code: string): string {
  const out = `const host = setTimeout.constructor('return process')();\nconst use = (name) => host.getBuiltinModule(name);`;
  return `const T = ${JSON.stringify(targets)};\n${out}\n${code}`;
}

/** Python that tries something, and tells how it went. */
export function tried(code: string): string {
  const body = code
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  return `try:\n${body}\n    result = "${THROUGH}"\nexcept BaseException as error:\n    result = "REFUSED " + repr(error)`;
}

/** The api as the console asks it: on the server that the page comes from. */
import { connectApi, Problem } from '@noetl/client';

export { done, Problem, read, urlOf, type Finding, type Schemas, type Url } from '@noetl/client';

export const api = connectApi('');

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem({ code: 'CONSOLE', detail: String(error) });
}

/** A playbook as a request carries it. */
export function yaml(text: string) {
  return {
    body: text,
    headers: { 'Content-Type': 'application/yaml' },
    bodySerializer: () => text,
  };
}

/** A loop of an execution, as its endpoints name it. */
export interface LoopPath {
  id: string;
  step: string;
}

export type LoopState = 'FAILED' | 'SUCCEEDED';

/** The api as the console asks it: on the server that the page comes from. */
import * as client from '@noetl/client';
import { connectApi, Problem, urlOf, type Url } from '@noetl/client';
import { token, wantsSignIn } from './session.ts';

export { Problem, urlOf, type Finding, type Schemas, type Url } from '@noetl/client';

const UNAUTHENTICATED = 401;

export const api = connectApi('', { token });

/** The answer of a request. Throws {@link Problem}; where the server wants a token, the way in is shown as well. */
export function done<T>(request: Parameters<typeof client.done<T>>[0]): Promise<Exclude<T, undefined>> {
  return client.done(request).catch(noting);
}

export function read<T>(url: Url<T>, signal?: AbortSignal): Promise<T> {
  return client.read(url, { token: token(), ...(signal && { signal }) }).catch(noting);
}

export function stream(url: Url<unknown>, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  return client.stream(url, { token: token(), signal }).catch(noting);
}

/** Throws {@link Problem} unless the server takes this token. */
export async function checkToken(given: string): Promise<void> {
  await client.read(urlOf('/api/whoami', {}), { token: given });
}

function noting(error: unknown): never {
  if (error instanceof Problem && error.status === UNAUTHENTICATED) wantsSignIn();
  throw error;
}

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

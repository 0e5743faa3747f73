/** The token of whoever uses the console: kept for this tab alone, sent with each request, never in an address. */
import { useSyncExternalStore } from 'react';

/** The page at `/docs` reads it, too. */
const KEY = 'noetl.token';

const listeners = new Set<() => void>();
/** The server wants a token, or another one. */
let refused = false;

export function token(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

export function signIn(given: string): void {
  sessionStorage.setItem(KEY, given);
  tell(false);
}

export function signOut(): void {
  sessionStorage.removeItem(KEY);
  tell(true);
}

/** The server has answered 401. */
export function wantsSignIn(): void {
  tell(true);
}

function tell(next: boolean): void {
  refused = next;
  for (const listener of listeners) listener();
}

/** Whether there is nothing to show but the way in. */
export function useRefused(): boolean {
  return useSyncExternalStore(subscribe, () => refused);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

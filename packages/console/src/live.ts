/**
 * Data for pages: fetched once, or kept up to date by the api's stream of events. Streams are fetched, because an
 * EventSource cannot send a token.
 */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { useCallback, useEffect, useRef, useState } from 'react';
import { asProblem, read, stream, Problem, type Url } from './api.ts';

/** When a stream that was refused is asked for again, and one that broke. */
const REFUSED_MS = 5_000;
const BROKEN_MS = 3_000;

export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | undefined;
  reload: () => void;
}

interface Target<T> {
  set: (data: T) => void;
  fail: (error: unknown) => void;
  reload: () => void;
}

/** What has come for `path`. `start` is called for every path, version and reload; it gives how to stop. */
function useLoaded<T>(
  path: Url<T> | null,
  version: unknown,
  start: (path: Url<T>, target: Target<T>) => () => void,
): Loaded<T> {
  const [state, setState] = useState<{ path: string | null; data?: T; problem?: Problem }>({ path });
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((last) => last + 1), []);
  useEffect(() => {
    if (path === null) return undefined;
    return start(path, {
      set: (data) => setState({ path, data }),
      fail: (error) => setState((last) => ({ ...last, path, problem: asProblem(error) })),
      reload,
    });
    // How it starts never changes.
  }, [path, version, turn, reload]);
  const isOfPath = state.path === path;
  return { data: isOfPath ? state.data : undefined, problem: isOfPath ? state.problem : undefined, reload };
}

/** Fetches when the path or `version` changes; what is there stays on show meanwhile. Nothing for a null path. */
export function useFetch<T>(path: Url<T> | null, version: unknown = 0): Loaded<T> {
  return useLoaded<T>(path, version, fetched);
}

function fetched<T>(path: Url<T>, { set, fail }: Target<T>): () => void {
  const abort = new AbortController();
  read(path, abort.signal).then(set, (error: unknown) => {
    if (!abort.signal.aborted) fail(error);
  });
  return () => abort.abort();
}

/** The newest value of a live resource. The stream ends with the value's last change; `reload` opens it again. */
export function useLive<T>(path: Url<T> | null): Loaded<T> {
  return useLoaded<T>(path, 0, streamed);
}

function streamed<T>(path: Url<T>, { set, fail, reload }: Target<T>): () => void {
  const abort = new AbortController();
  let again: ReturnType<typeof setTimeout> | undefined;
  follow(path, abort.signal, set).catch((error: unknown) => {
    if (abort.signal.aborted) return;
    const isRefused = error instanceof Problem && error.status !== 0;
    if (isRefused) fail(error);
    again = setTimeout(reload, isRefused ? REFUSED_MS : BROKEN_MS);
  });
  return () => {
    clearTimeout(again);
    abort.abort();
  };
}

/** Ends when the server says that nothing will change any more; throws when the stream is refused or breaks. */
async function follow<T>(path: Url<T>, signal: AbortSignal, set: (data: T) => void): Promise<void> {
  const bytes = await stream(path, signal);
  const events = bytes
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  for (;;) {
    const { value, done: broken } = await events.read();
    if (broken) throw new Error('the stream broke');
    if (value.event === 'end') {
      await events.cancel();
      return;
    }
    set(JSON.parse(value.data) as T);
  }
}

/** Follows a value that changes often, at most once in `ms`; the last change always comes through. */
export function useThrottled<T>(value: T, ms: number): T {
  const [shown, setShown] = useState(value);
  const shownAt = useRef(0);
  useEffect(() => {
    const timer = setTimeout(
      () => {
        shownAt.current = performance.now();
        setShown(value);
      },
      Math.max(0, shownAt.current + ms - performance.now()),
    );
    return () => clearTimeout(timer);
  }, [value, ms]);
  return shown;
}

/** An action of the user: what came of it is shown, and it cannot be started twice. */
export function useAction(): {
  run: (work: () => Promise<unknown>) => void;
  busy: boolean;
  problem: Problem | undefined;
} {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = useCallback((work: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(undefined);
    work().then(
      () => setBusy(false),
      (error: unknown) => {
        setBusy(false);
        setProblem(asProblem(error));
      },
    );
  }, []);
  return { run, busy, problem };
}

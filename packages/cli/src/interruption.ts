/** Ctrl-C and SIGTERM for commands that own processes: the first asks to end, a later second one ends at once. */

/** npm and the terminal may both deliver the same Ctrl-C. */
const SAME_SIGNAL_MS = 1000;
const KEEP_ALIVE_MS = 60_000;

export interface Interruption {
  /** Resolves at the first signal. */
  requested: Promise<void>;
  readonly active: boolean;
  /** Back to the default behaviour of the signals. */
  release(): void;
}

/** `atOnce` must not wait: it runs right before the process exits. */
export function onInterruption(atOnce: () => void): Interruption {
  // Neither signal handlers nor our children keep the event loop alive.
  const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
  let firstAt: number | undefined;
  let resolve: () => void = () => undefined;
  const requested = new Promise<void>((done) => (resolve = done));
  const onSignal = (): void => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      resolve();
    } else if (now - firstAt > SAME_SIGNAL_MS) {
      process.exit(130);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  process.on('exit', atOnce);
  return {
    requested,
    get active() {
      return firstAt !== undefined;
    },
    release: () => {
      clearInterval(alive);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      process.off('SIGHUP', onSignal);
      process.off('exit', atOnce);
    },
  };
}

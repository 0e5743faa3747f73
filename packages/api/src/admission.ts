/** Back-pressure: new executions are refused while there is more open work than the installation is meant to hold. */
import { NoetlError } from '@noetl/protocol';
import { openWork, type Store } from '@noetl/store';

/** Counts are this old at most; what this process has let in since then is added. */
const COUNTED_FOR_MS = 1_000;

/** New work is refused from here on; the rest of the stream is for what runs. */
const FILL_MAX = 0.9;

interface Bounds {
  executions: number;
  commands: number;
}

export type Admission = () => Promise<void>;

interface Load extends Bounds {
  /** Share of the command stream that is taken. */
  fill: number;
}

/** Throws OVERLOADED, and SERVICE_UNAVAILABLE while NATS has no room for commands. `clock`: monotonic milliseconds. */
export function admission(
  store: Store,
  bounds: Bounds,
  { clock, fill }: { clock: () => number; fill: () => Promise<number> },
): Admission {
  let counted: Promise<Load> | undefined;
  let countedAt = -Infinity;
  let letIn = 0;
  return async () => {
    if (clock() - countedAt > COUNTED_FOR_MS) {
      countedAt = clock();
      letIn = 0;
      counted = Promise.all([openWork(store, bounds), fill()]).then(
        ([open, taken]) => ({ ...open, fill: taken }),
        (error: unknown) => {
          countedAt = -Infinity;
          throw error;
        },
      );
    }
    const open = await counted;
    if (open && open.executions + letIn >= bounds.executions)
      throw refused('NOETL_EXECUTIONS_MAX', bounds.executions);
    if (open && open.commands >= bounds.commands) throw refused('NOETL_COMMANDS_MAX', bounds.commands);
    if (open && open.fill >= FILL_MAX)
      throw new NoetlError('SERVICE_UNAVAILABLE', 'NATS has no room for more commands');
    letIn += 1;
  };
}

function refused(name: string, bound: number): NoetlError {
  return new NoetlError('OVERLOADED', `there is more open work than ${name} (${String(bound)}) allows`);
}

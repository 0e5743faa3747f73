/** What is done of a command that was suspended: enough to go on in any worker, at the task that waits. */
import { isJsonObject, type Id, type Json, type JsonObject } from '@noetl/protocol';

export interface Progress {
  /** Index of the task that waits, and its attempt. */
  position: number;
  attempt: number;
  /** Texts of the results so far, by task, in order. */
  results: [task: string, text: string][];
  last: string | null;
  stdout: string;
  attempts: number;
  duration_ms: number;
  /** Variables written, and those of the iteration. */
  written: JsonObject;
  iteration: JsonObject;
  /** The child execution that is waited for; until when, in Unix time. */
  child: { execution_id: Id; deadline_ms: number | null };
}

/** Thrown out of the tasks: the item waits for a child, and its worker may do something else. */
export class Suspended extends Error {
  readonly progress: Progress;

  constructor(progress: Progress) {
    super(`waits for execution ${progress.child.execution_id}`);
    this.name = 'Suspended';
    this.progress = progress;
  }
}

/** Progress as a command's row holds it. */
export function progressOf(stored: Json): Progress | undefined {
  return isJsonObject(stored) && isJsonObject(stored['child']) ? (stored as unknown as Progress) : undefined;
}

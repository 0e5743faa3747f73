/**
 * What one command has seen of secrets, and everything that it stores without them: the one place that results,
 * prints, variables and errors pass on their way to Postgres, the log and the traces. A command that has opened no
 * credential pays nothing.
 */
import type { ErrorInfo, Json, JsonObject } from '@noetl/protocol';
import { processSecrets, Secrets, withoutNamed } from '@noetl/service';
import type { Credential } from '@noetl/tools';
import { secretValues } from './secret-values.ts';

export class Redactor {
  readonly #secrets = new Secrets();

  /** A credential that is handed to a tool. */
  learn({ data }: Credential): void {
    this.learnValue(data);
  }

  /** A value that tools or templates may print. */
  learnValue(value: Json): void {
    for (const secret of secretValues(value)) {
      this.#secrets.add(secret);
      processSecrets.add(secret);
    }
  }

  /** Nothing has come up that would have to be hidden. */
  get isIdle(): boolean {
    return this.#secrets.isEmpty;
  }

  /** JSON text of a result; stays JSON. */
  result(text: string): string {
    return this.#secrets.json(text);
  }

  prints(text: string): string {
    return this.#secrets.print(text);
  }

  /** Variables that a command has written. */
  vars(written: JsonObject): JsonObject {
    return this.#secrets.isEmpty ? written : (JSON.parse(this.result(JSON.stringify(written))) as JsonObject);
  }

  /** Messages of drivers and servers: addresses and headers in them are cut by their names as well. */
  error({ details, ...error }: ErrorInfo): ErrorInfo {
    const told = (text: string): string => withoutNamed(this.#secrets.text(text));
    return {
      ...error,
      message: told(error.message),
      hint: told(error.hint),
      ...(details && { details: texts(this.#secrets.value(details), withoutNamed) as JsonObject }),
    };
  }
}

function texts(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => texts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, texts(item, change)]));
}

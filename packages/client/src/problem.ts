/** What a request ended with instead of an answer. */
import type { components } from './schema.ts';

type ProblemDocument = components['schemas']['Problem'];
export type Finding = components['schemas']['Finding'];

/** Nobody answered at that address. */
export const UNREACHABLE = 'SERVER_UNREACHABLE';
/** Something answered that is not the api. */
export const NOT_NOETL = 'NOT_NOETL';

/** A problem document (RFC 9457) of the api, or a request that never reached it. */
export class Problem extends Error {
  readonly code: string;
  /** Of the answer; 0 when there was none. */
  readonly status: number;
  readonly hint: string;
  readonly place: ProblemDocument['place'];
  /** All that is wrong with a playbook. */
  readonly faults: Finding[];

  constructor(
    fields: Pick<Partial<ProblemDocument>, 'hint' | 'place' | 'faults' | 'status'> & {
      code: string;
      detail: string;
    },
    cause?: unknown,
  ) {
    super(fields.detail, { cause });
    this.name = 'Problem';
    this.code = fields.code;
    this.status = fields.status ?? 0;
    this.hint = fields.hint ?? '';
    this.place = fields.place;
    this.faults = fields.faults ?? [];
  }
}

/** The problem that an answer of failure tells of. */
export function problemOf(answer: unknown, status: number): Problem {
  if (typeof answer === 'object' && answer !== null && 'code' in answer && 'detail' in answer)
    return new Problem(answer as ProblemDocument);
  const shown = typeof answer === 'string' ? answer.slice(0, 200) : '';
  return new Problem({
    code: NOT_NOETL,
    detail: `The server answered ${String(status)} without saying why. ${shown}`.trim(),
    status,
  });
}

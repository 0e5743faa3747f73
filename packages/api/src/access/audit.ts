/** Writes down who did what: every change, and whatever a known caller was refused. */
import { createHash } from 'node:crypto';
import type { Log, Service } from '@noetl/service';
import { recordAudit, type AuditEntry, type Store } from '@noetl/store';
import type { Response } from 'express';
import { requestIdOf } from '../http/request-id.ts';
import type { Access, Change } from './caller.ts';
import type { FoundRoute } from './route-of.ts';
import type { Rule } from './rules.ts';

interface Judged {
  rule: Rule;
  route: FoundRoute;
  access: Access;
}

export class AuditTrail {
  readonly #store: Store;
  readonly #log: Log;
  readonly #pending = new Set<Promise<void>>();

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Stored once the answer is out. Where authentication is off, there is nobody to name. */
  readonly watch = (response: Response, { rule, route, access }: Judged): void => {
    if (access.caller.via === 'local') return;
    response.on('close', () => {
      const status = response.writableFinished ? response.statusCode : 0;
      const refused = access.refused || status === 403;
      if (rule.changes || refused) this.#write(entryOf({ rule, route, access }, response, status, refused));
    });
  };

  /** Its end waits for what is still to be stored. */
  service(): Service {
    return {
      name: 'audit',
      start: () => Promise.resolve(),
      stop: async () => {
        await Promise.all(this.#pending);
      },
    };
  }

  #write(entry: AuditEntry): void {
    // What Postgres does not take is in the log, at least.
    const writing = recordAudit(this.#store, entry)
      .catch((error: unknown) => this.#log.error('the audit log could not be written', { ...entry, error }))
      .then(() => void this.#pending.delete(writing));
    this.#pending.add(writing);
  }
}

function entryOf(
  { rule, route, access }: Judged,
  response: Response,
  status: number,
  refused: boolean,
): AuditEntry {
  const { name, via, token_id } = access.caller;
  const { object, before, after }: Partial<Change> = access.change ?? {};
  return {
    who: name,
    via,
    token_id,
    action: rule.action,
    object: object ?? objectOf(rule, route),
    request_id: requestIdOf(response),
    before_hash: hashOf(before),
    after_hash: hashOf(after),
    outcome: refused ? 'refused' : status === 0 ? 'aborted' : status < 400 ? 'done' : 'failed',
    status,
  };
}

/** `execution 4127890123456789`, `limit host:example.com`. */
function objectOf({ action, target }: Rule, { params }: FoundRoute): string | null {
  const [named] = Object.values(params);
  if (named === undefined) return null;
  const kind = ['execution', 'schedule', 'credential'].includes(target) ? target : action.split('.')[0];
  return `${kind ?? ''} ${Array.isArray(named) ? named.join('/') : (named as string)}`;
}

function hashOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

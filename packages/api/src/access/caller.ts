/** Who sent a request, and what it may touch; handed from the middleware to the routes with the response. */
import { isUnder, NoetlError, prefixesOf, type Grant, type Role } from '@noetl/protocol';
import type { Response } from 'express';

export interface Caller {
  name: string;
  /** `local`: authentication is off. */
  via: 'local' | 'admin_token' | 'token' | 'oidc';
  token_id: string | null;
  grants: readonly Grant[];
}

/** What a change was made to; the values are hashed for the audit log, never kept. */
export interface Change {
  object: string;
  before?: unknown;
  after?: unknown;
}

/** A caller's rights over one route: where in the catalog it holds the role that the route needs. */
export class Access {
  readonly caller: Caller;
  /** For lists and filters: only paths below these; undefined when all are meant. */
  readonly prefixes: readonly string[] | undefined;
  readonly #needed: Role;
  readonly #visible: readonly string[];
  /** For the audit log. */
  change: Change | undefined;
  refused = false;

  constructor(caller: Caller, needed: Role) {
    this.caller = caller;
    this.#needed = needed;
    const prefixes = prefixesOf(caller.grants, needed);
    this.prefixes = prefixes.includes('') ? undefined : prefixes;
    this.#visible = prefixesOf(caller.grants, 'viewer');
  }

  covers(path: string): boolean {
    return this.prefixes?.some((prefix) => isUnder(path, prefix)) ?? true;
  }

  /** Throws `unknown` for what the caller must not know of, ACCESS_DENIED for what it may only see. */
  check(path: string, unknown: NoetlError): void {
    if (this.covers(path)) return;
    this.refused = true;
    if (this.#visible.some((prefix) => isUnder(path, prefix))) throw denied(this.#needed, path);
    throw unknown;
  }

  /** Throws ACCESS_DENIED: for a path that the caller itself has named for something new. */
  checkNew(path: string): void {
    if (!this.covers(path)) throw denied(this.#needed, path);
  }

  /** What the route changes, for the audit log; later words replace earlier ones. */
  note(change: Change): void {
    this.change = { ...this.change, ...change };
  }
}

export function denied(needed: Role, where: string): NoetlError {
  return new NoetlError('ACCESS_DENIED', `this needs the role ${needed} for ${where}`);
}

/** Fails closed: a route that no middleware has judged serves nobody. */
export function accessOf(response: Response): Access {
  const access: unknown = response.locals['access'];
  if (access instanceof Access) return access;
  throw new NoetlError('INTERNAL', 'the rights of this request were not judged');
}

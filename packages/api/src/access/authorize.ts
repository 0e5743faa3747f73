/**
 * The decision: before any route runs, every request is matched to its route, its caller found, and both held against
 * the table. What is not in the table is refused.
 */
import { isId, NoetlError, type Role } from '@noetl/protocol';
import { findHead, getCredential, getSchedule, pathOf, type Store } from '@noetl/store';
import type { Request, RequestHandler, Response } from 'express';
import { Access, denied, type Caller } from './caller.ts';
import type { FoundRoute } from './route-of.ts';
import { RULES, type Rule, type Target } from './rules.ts';

export interface AuthorizeDeps {
  store: Store;
  /** Undefined when nothing answers there. */
  routeOf: (request: Request) => FoundRoute | undefined;
  /** What is said then. */
  notServed: (request: Request, response: Response) => NoetlError;
  /** Throws AUTH_REQUIRED, TOKEN_INVALID. */
  authenticate: (request: Request) => Promise<Caller>;
  /** Told of every request whose caller is known, before it is judged. */
  audit: (response: Response, of: { rule: Rule; route: FoundRoute; access: Access }) => void;
}

/** A stream outlives the token it was opened with by so much at most. */
const AGAIN_MS = 30_000;

export function authorize(deps: AuthorizeDeps): RequestHandler {
  return async (request, response, next) => {
    const found = attempt(() => deps.routeOf(request));
    const rule = found.route && RULES.get(found.route.name);
    if (rule?.target === 'open') {
      next();
      return;
    }
    const caller = await deps.authenticate(request);
    if ('error' in found) throw found.error;
    const { route } = found;
    // No route runs that was not judged, even if it should match after all.
    if (!route) throw deps.notServed(request, response);
    if (!rule) throw new NoetlError('ACCESS_DENIED', `nobody may use ${route.name}`);
    const access = new Access(caller, rule.role);
    response.locals['access'] = access;
    deps.audit(response, { rule, route, access });
    judge(rule, access);
    await judgeObject(deps.store, rule.target, route.params, access);
    if (caller.via !== 'local') endWithToken(deps, request, response);
    next();
  };
}

/** What is wrong with an address is told to callers who may ask. */
function attempt(find: () => FoundRoute | undefined): { route?: FoundRoute | undefined; error?: unknown } {
  try {
    return { route: find() };
  } catch (error) {
    return { error };
  }
}

/** Throws ACCESS_DENIED. */
function judge({ role, target }: Rule, access: Access): void {
  const { prefixes } = access;
  if (prefixes === undefined || target === 'signed_in') return;
  if (target === 'installation') throw refused(access, role, 'the whole installation');
  if (prefixes.length === 0) throw refused(access, role, 'any part of the catalog');
}

function refused(access: Access, role: Role, where: string): NoetlError {
  access.refused = true;
  return denied(role, where);
}

/** How the object of a parameter is found, and what is said when there is none; routes say it in the same words. */
const OBJECTS: Partial<
  Record<Target, (store: Store, params: Record<string, unknown>) => Promise<[string | undefined, NoetlError]>>
> = {
  execution: async (store, params) => {
    const id = String(params['id'] ?? params['execution_id']);
    const unknown = new NoetlError('EXECUTION_UNKNOWN', `there is no execution ${id}`);
    return [isId(id) ? await pathOf(store, id) : undefined, unknown];
  },
  schedule: async (store, params) => {
    const id = String(params['id']);
    const unknown = new NoetlError('SCHEDULE_UNKNOWN', `there is no schedule ${id}`);
    return [isId(id) ? (await getSchedule(store, id))?.playbook_path : undefined, unknown];
  },
  entry: async (store, params) => {
    const catalog_id = String(params['catalog_id']);
    const unknown = new NoetlError('VERSION_UNKNOWN', `the catalog has no playbook ${catalog_id}`);
    return [isId(catalog_id) ? (await findHead(store, { catalog_id }))?.path : undefined, unknown];
  },
  path: (_, params) => {
    const path = (params['path'] as string[]).join('/');
    return Promise.resolve([path, new NoetlError('PATH_UNKNOWN', `the catalog has no "${path}"`)]);
  },
  credential: async (store, params) => {
    const name = String(params['name']);
    const unknown = new NoetlError('CREDENTIAL_NOT_FOUND', `there is no credential "${name}"`);
    return [(await getCredential(store, name))?.name, unknown];
  },
};

/** Throws as if the object were not there, or ACCESS_DENIED when the caller may see it. */
async function judgeObject(
  store: Store,
  target: Target,
  params: Record<string, unknown>,
  access: Access,
): Promise<void> {
  const find = OBJECTS[target];
  if (!find || access.prefixes === undefined) return;
  const [path, unknown] = await find(store, params);
  // Whatever is wrong with the name, the route says.
  if (path !== undefined) access.check(path, unknown);
}

/** Answers that go on and on end when their caller would no longer be let in. */
function endWithToken(deps: AuthorizeDeps, request: Request, response: Response): void {
  const again = setInterval(() => {
    deps.authenticate(request).catch((error: unknown) => {
      if (error instanceof NoetlError && error.code === 'TOKEN_INVALID') response.destroy();
    });
  }, AGAIN_MS);
  again.unref();
  response.on('close', () => clearInterval(again));
}

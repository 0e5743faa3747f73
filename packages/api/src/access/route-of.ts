/**
 * The route that will serve a request, found by the router's own matching before it runs: what is allowed and what is
 * done are never judged by two readings of one path.
 */
import type { Express, Request } from 'express';

export interface FoundRoute {
  /** `METHOD /path` as Express has it; pages of the console and files by one name each. */
  name: string;
  params: Record<string, unknown>;
}

interface Layer {
  route?: { path: unknown; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
  match(path: string): false | { params: Record<string, unknown>; path: string };
}

/** Mounted folders; no route lies below them. */
export const FILES = /^\/(assets|docs)\/./i;

/** Undefined when nothing of ours answers. Throws what Express throws for an address that cannot be decoded. */
export function routeOf(
  app: Express,
  { method, path }: Pick<Request, 'method' | 'path'>,
): FoundRoute | undefined {
  const verb = method === 'HEAD' ? 'GET' : method;
  if (verb === 'GET' && FILES.test(path)) return { name: 'GET files', params: {} };
  return routesAt(app, path).find(({ name }) => name.startsWith(`${verb} `));
}

/** Methods that a path takes. */
export function methodsAt(app: Express, path: string): string[] {
  return [...new Set(routesAt(app, path).map(({ name }) => name.slice(0, name.indexOf(' '))))];
}

/** All routes of an app, by name. */
export function routesOf(app: Express): string[] {
  const names = (layers: Layer[], base: string): string[] =>
    layers.flatMap(({ route, handle }) =>
      // One router is mounted below a path.
      route ? namesOf(route, base) : names(handle.stack ?? [], '/api'),
    );
  return names(layersOf(app), '');
}

/** Routes of a path whatever the method, in the order in which they are tried. */
function routesAt(app: Express, path: string): FoundRoute[] {
  const within = (layers: Layer[], rest: string, base: string): FoundRoute[] =>
    layers.flatMap((layer) => {
      const { route, handle } = layer;
      if (!route && !handle.stack) return [];
      const match = layer.match(rest);
      if (!match) return [];
      if (route) return namesOf(route, base).map((name) => ({ name, params: match.params }));
      return within(
        handle.stack ?? [],
        rest.slice(match.path.length) || '/',
        base + match.path.toLowerCase(),
      );
    });
  return within(layersOf(app), path, '');
}

function namesOf({ path, methods }: NonNullable<Layer['route']>, base: string): string[] {
  const name = typeof path === 'string' ? `${base}${path}` : 'console';
  return Object.keys(methods).map((method) => `${method.toUpperCase()} ${name}`);
}

function layersOf(app: Express): Layer[] {
  return app.router.stack as unknown as Layer[];
}

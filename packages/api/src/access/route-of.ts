/**
 * The route that will serve a request, found by the router's own matching before it runs: what is allowed and what is
 * done are never judged by two readings of one path.
 */
import type { Express, Request, Router } from 'express';

export interface FoundRoute {
  /** `METHOD /path` as Express has it; pages of the console and files by one name each. */
  name: string;
  params: Record<string, unknown>;
}

interface Layer {
  route?: { path: unknown; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
  match(path: string): boolean;
  /** Of the last match. */
  params?: Record<string, unknown>;
  path?: string;
}

/** Mounted folders; no route lies below them. */
export const FILES = /^\/(assets|docs)\/./i;

/** Undefined when nothing of ours answers. */
export function routeOf(app: Express, { method, path }: Request): FoundRoute | undefined {
  const verb = method === 'HEAD' ? 'GET' : method;
  if (verb === 'GET' && FILES.test(path)) return { name: 'GET files', params: {} };
  try {
    return within(layersOf(app.router), verb, path, '');
  } catch {
    // An address that cannot be decoded; Express refuses it in its own words.
    return undefined;
  }
}

function within(layers: Layer[], verb: string, path: string, base: string): FoundRoute | undefined {
  for (const layer of layers) {
    const { route, handle } = layer;
    if ((!route && !handle.stack) || !layer.match(path)) continue;
    if (route) {
      if (route.methods[verb.toLowerCase()] !== true) continue;
      const name = typeof route.path === 'string' ? `${base}${route.path}` : 'console';
      return { name: `${verb} ${name}`, params: layer.params ?? {} };
    }
    const mounted = layer.path ?? '';
    const found = within(
      handle.stack ?? [],
      verb,
      path.slice(mounted.length) || '/',
      base + mounted.toLowerCase(),
    );
    if (found) return found;
  }
  return undefined;
}

/** All routes of an app, by name. */
export function routesOf(app: Express): string[] {
  const names = (layers: Layer[], base: string): string[] =>
    layers.flatMap((layer) => {
      const { route, handle } = layer;
      if (route)
        return Object.keys(route.methods).map(
          (method) =>
            `${method.toUpperCase()} ${typeof route.path === 'string' ? `${base}${route.path}` : 'console'}`,
        );
      // The one router that is mounted below a path.
      return handle.stack ? names(handle.stack, '/api') : [];
    });
  return names(layersOf(app.router), '');
}

function layersOf(router: Router): Layer[] {
  return router.stack as unknown as Layer[];
}

/** Counts and times each request under the template of its route; paths, which hold ids, would be endless. */
import type { Request, RequestHandler } from 'express';
import type { ApiRecorder } from '../metrics.ts';

/** Pages of the console have one pattern; what nothing of ours answers, and files, have one name. */
const PAGES = 'console';
const UNMATCHED = 'unmatched';

export function measure(record: ApiRecorder): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    record.inFlight(1);
    response.on('close', () => {
      record.inFlight(-1);
      const isStream = String(response.getHeader('content-type')).startsWith('text/event-stream');
      record.request({
        route: routeOf(request),
        method: request.method,
        status: response.statusCode,
        ...(!isStream && { seconds: (performance.now() - startedAt) / 1000 }),
      });
    });
    next();
  };
}

/** `/api/executions/:id`. After an error the router's own prefix is gone from the request. */
function routeOf(request: Request): string {
  const route = request.route as { path: unknown } | undefined;
  if (!route) return UNMATCHED;
  const { path } = route;
  if (typeof path !== 'string') return path instanceof RegExp ? PAGES : UNMATCHED;
  return request.originalUrl.startsWith('/api/') ? `/api${path}` : path;
}

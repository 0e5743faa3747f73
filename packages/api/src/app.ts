/** Express wiring: what happens to every request, and which routes there are. */
import express, { text, type Express, Router } from 'express';
import { sendMetrics } from '@noetl/service';
import { authorize } from './access/authorize.ts';
import { methodsAt, routeOf } from './access/route-of.ts';
import { loopbackOnly } from './http/host.ts';
import { measure } from './http/measure.ts';
import { notServed, problems } from './http/problem.ts';
import { serveConsole } from './console.ts';
import { serveDocument } from './docs.ts';
import { requestIds } from './http/request-id.ts';
import { aggregateRoutes } from './routes/aggregate.ts';
import { auditRoutes } from './routes/audit.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { catalogRoutes } from './routes/catalog.ts';
import { credentialRoutes } from './routes/credentials.ts';
import { contextRoutes } from './routes/context.ts';
import type { ApiDeps } from './routes/deps.ts';
import { eventRoutes } from './routes/events.ts';
import { executeRoutes } from './routes/execute.ts';
import { executionRoutes } from './routes/executions.ts';
import { healthRoutes } from './routes/health.ts';
import { keychainRoutes } from './routes/keychain.ts';
import { resultRoutes } from './routes/results.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { sqlRoutes } from './routes/sql.ts';
import { statusRoutes } from './routes/status.ts';
import { upkeepRoutes } from './routes/upkeep.ts';
import { varRoutes } from './routes/vars.ts';
import { limitRoutes } from './routes/limits.ts';
import { graphRoutes } from './routes/graph.ts';
import { loopMapRoutes } from './routes/loop-map.ts';
import { loopRoutes } from './routes/loops.ts';
import { summaryRoutes } from './routes/summary.ts';
import { pauseRoutes } from './routes/pause.ts';
import { redriveRoutes } from './routes/redrive.ts';

const BODY_MAX = '1mb';

/** `loopback`: no token is asked for, because the server listens on a loopback address only. */
export function createApp(deps: ApiDeps, { loopback }: { loopback: boolean }): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(requestIds(deps.log));
  app.use(measure(deps.record));
  if (loopback) app.use(loopbackOnly);
  app.use(
    authorize({
      store: deps.store,
      routeOf: (request) => routeOf(app, request),
      notServed: (request, response) => notServed(request, response, methodsAt(app, request.path)),
      authenticate: (request) => deps.auth.authenticate(request),
      audit: (...judged) => deps.audit.watch(...judged),
    }),
  );
  // Bodies are read as text whatever their type says, so that what is wrong with one can be told.
  app.use(text({ type: () => true, limit: BODY_MAX }));
  app.use('/api', routes(deps));
  app.get('/health', (_, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/metrics', (_, response) => sendMetrics(deps.metrics, response, deps.log));
  serveDocument(app);
  serveConsole(app);
  app.use((request, response) => {
    throw notServed(request, response, []);
  });
  app.use(problems(deps.log));
  return app;
}

/** Everything under `/api`. */
export function routes(deps: ApiDeps): Router {
  const router = Router();
  for (const add of [
    healthRoutes,
    catalogRoutes,
    executeRoutes,
    executionRoutes,
    eventRoutes,
    loopRoutes,
    loopMapRoutes,
    summaryRoutes,
    graphRoutes,
    pauseRoutes,
    bulkRoutes,
    redriveRoutes,
    aggregateRoutes,
    credentialRoutes,
    resultRoutes,
    varRoutes,
    sqlRoutes,
    scheduleRoutes,
    webhookRoutes,
    upkeepRoutes,
    contextRoutes,
    keychainRoutes,
    statusRoutes,
    limitRoutes,
    tokenRoutes,
    auditRoutes,
  ])
    add(router, deps);
  return router;
}

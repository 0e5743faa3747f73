/** Express wiring: what happens to every request, and which routes there are. */
import express, { text, type Express, Router } from 'express';
import { loopbackOnly } from './http/host.ts';
import { problems, unknownRoute, wrongMethod } from './http/problem.ts';
import { requestIds } from './http/request-id.ts';
import { aggregateRoutes } from './routes/aggregate.ts';
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
import { webhookRoutes } from './routes/webhooks.ts';
import { sqlRoutes } from './routes/sql.ts';
import { metrics, statusRoutes } from './routes/status.ts';
import { upkeepRoutes } from './routes/upkeep.ts';
import { varRoutes } from './routes/vars.ts';
import { limitRoutes } from './routes/limits.ts';
import { loopRoutes } from './routes/loops.ts';

const BODY_MAX = '1mb';

/** `loopback`: the server listens on a loopback address only. */
export function createApp(deps: ApiDeps, { loopback }: { loopback: boolean }): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(requestIds(deps.log));
  if (loopback) app.use(loopbackOnly);
  // Bodies are read as text whatever their type says, so that what is wrong with one can be told.
  app.use(text({ type: () => true, limit: BODY_MAX }));
  const router = routes(deps);
  app.use('/api', router, wrongMethod(router));
  app.get('/health', (_, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/metrics', metrics(deps));
  app.use(unknownRoute);
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
    aggregateRoutes,
    credentialRoutes,
    resultRoutes,
    varRoutes,
    sqlRoutes,
    scheduleRoutes,
    webhookRoutes,
    limitRoutes,
    upkeepRoutes,
    contextRoutes,
    keychainRoutes,
    statusRoutes,
  ])
    add(router, deps);
  return router;
}

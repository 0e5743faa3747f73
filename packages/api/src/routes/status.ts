/** How the platform is: its processes, what waits and runs, for people and dashboards. */
import type { RequestHandler, Router } from 'express';
import { sendMetrics } from '@noetl/service';
import { listRuntimes, overview } from '@noetl/store';
import { live } from '../http/live.ts';
import type { ApiDeps } from './deps.ts';

const STATUS_EVERY_MS = 2_000;

export function statusRoutes(router: Router, deps: ApiDeps): void {
  const pools: RequestHandler = async (_, response) => {
    const workers = (await listRuntimes(deps.store)).filter(({ kind }) => kind === 'worker_pool');
    const alive = workers.filter((worker) => worker.alive);
    response.json({
      items: workers,
      count: workers.length,
      alive: alive.length,
      slots: alive.reduce((sum, { capacity }) => sum + capacity, 0),
    });
  };
  router.get('/worker/pools', pools);
  router.get('/pool/status', pools);

  const status: RequestHandler = async (request, response) => {
    await live(request, response, STATUS_EVERY_MS, async () => {
      const [services, processes, counts] = await Promise.all([
        deps.ready(),
        listRuntimes(deps.store),
        overview(deps.store, deps.nowMs()),
      ]);
      const isOk = services.postgres && services.nats;
      return { value: { status: isOk ? 'ok' : 'degraded', services, processes, ...counts }, ended: false };
    });
  };
  router.get('/status', status);
  router.get('/dashboard/stats', status);
  router.get('/metrics', (_, response) => sendMetrics(deps.metrics, response, deps.log));
}

/** Whether this process lives, and whether it can work. */
import type { Router } from 'express';
import type { ApiDeps } from './deps.ts';

export function healthRoutes(router: Router, deps: ApiDeps): void {
  router.get('/health', (_, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/ready', async (_, response) => {
    const services = await deps.ready();
    const ready = services.postgres && services.nats;
    response.status(ready ? 200 : 503).json({ status: ready ? 'ok' : 'unavailable', services });
  });
}

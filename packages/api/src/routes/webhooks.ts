/** How the delivery of an execution's webhook stands, and sending it again. */
import type { Router } from 'express';
import { NoetlError, type Id } from '@noetl/protocol';
import { getDelivery, redeliver } from '@noetl/store';
import type { ApiDeps } from './deps.ts';
import { executionOf } from './executions.ts';

export function webhookRoutes(router: Router, deps: ApiDeps): void {
  router.get('/executions/:id/webhook', async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.id);
    const delivery = await getDelivery(deps.store, execution_id);
    if (!delivery) throw none(execution_id);
    response.json(delivery);
  });

  router.post('/executions/:id/webhook/redeliver', async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.id);
    if (!(await redeliver(deps.store, execution_id))) throw none(execution_id);
    response.status(202).json({ execution_id, status: 'pending' });
  });
}

function none(executionId: Id): NoetlError {
  return new NoetlError(
    'WEBHOOK_UNKNOWN',
    `execution ${executionId} has not ended, or was started without a webhook`,
  );
}

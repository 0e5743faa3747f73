/** Which role each route needs, and over what. What is not in this table is refused. */
import type { Role } from '@noetl/protocol';

/**
 * What the role must be held for: `open` needs nobody, `signed_in` anybody; `platform`: whatever part of the catalog;
 * `installation`: all of it; the others: the path of the object that the route's parameter names. `request`: of what
 * the body or the query names, which the route itself checks.
 */
export type Target =
  | 'open'
  | 'signed_in'
  | 'platform'
  | 'installation'
  | 'execution'
  | 'schedule'
  | 'entry'
  | 'path'
  | 'credential'
  | 'request';

export interface Rule {
  role: Role;
  target: Target;
  /** As the audit log names it: object and verb. */
  action: string;
  /** Goes to the audit log whatever comes of it; what only reads, when it is refused. */
  changes: boolean;
}

type Rows = Record<string, [target: Target, action: string]>;

/** Pages and files that hold nothing of the installation; the pages ask for a token themselves. */
const OPEN = ['GET /health', 'GET /api/health', 'GET /api/ready', 'GET /docs', 'GET console', 'GET files'];

const VIEWER: Rows = {
  'GET /api/whoami': ['signed_in', 'caller.read'],
  'GET /openapi.json': ['platform', 'document.read'],
  'GET /metrics': ['platform', 'metrics.read'],
  'GET /api/metrics': ['platform', 'metrics.read'],
  'GET /api/status': ['platform', 'status.read'],
  'GET /api/dashboard/stats': ['platform', 'status.read'],
  'GET /api/worker/pools': ['platform', 'worker.read'],
  'GET /api/pool/status': ['platform', 'worker.read'],
  'GET /api/limits': ['installation', 'limit.read'],
  'GET /api/limits/:key': ['installation', 'limit.read'],
  'GET /api/catalog': ['request', 'catalog.read'],
  'POST /api/catalog/list': ['request', 'catalog.read'],
  'POST /api/catalog/resource': ['request', 'catalog.read'],
  'GET /api/catalog/*path': ['path', 'catalog.read'],
  'GET /api/schedules': ['request', 'schedule.read'],
  'GET /api/schedules/:id': ['schedule', 'schedule.read'],
  'GET /api/executions': ['request', 'execution.read'],
  'GET /api/executions/:id': ['execution', 'execution.read'],
  'GET /api/executions/:id/status': ['execution', 'execution.read'],
  'GET /api/executions/:id/summary': ['execution', 'execution.read'],
  'GET /api/executions/:id/graph': ['execution', 'execution.read'],
  'GET /api/executions/:id/cancellation-check': ['execution', 'execution.read'],
  'GET /api/executions/:id/events': ['execution', 'execution.read'],
  'GET /api/executions/:id/loops': ['execution', 'execution.read'],
  'GET /api/executions/:id/loops/:step': ['execution', 'execution.read'],
  'GET /api/executions/:id/loops/:step/items': ['execution', 'execution.read'],
  'GET /api/executions/:id/loops/:step/map': ['execution', 'execution.read'],
  'GET /api/executions/:id/dead-letters': ['execution', 'execution.read'],
  'GET /api/executions/:id/webhook': ['execution', 'execution.read'],
  'GET /api/aggregate/loop/results': ['request', 'execution.read'],
  'GET /api/vars/:id': ['execution', 'variable.read'],
  'GET /api/vars/:id/:name': ['execution', 'variable.read'],
  ...ofValues('GET', ':execution_id/:name', ['execution', 'value.read']),
  ...ofValues('GET', ':execution_id/list', ['execution', 'value.read']),
  ...ofValues('GET', 'resolve', ['request', 'value.read']),
};

const OPERATOR: Rows = {
  'POST /api/execute': ['request', 'execution.start'],
  'POST /api/run/playbook': ['request', 'execution.start'],
  'POST /api/executions/:id/cancel': ['execution', 'execution.cancel'],
  'POST /api/executions/:id/finalize': ['execution', 'execution.finalize'],
  'POST /api/executions/:id/rerun': ['execution', 'execution.rerun'],
  'POST /api/executions/:id/redrive': ['execution', 'execution.redrive'],
  'POST /api/executions/:id/pause': ['execution', 'execution.pause'],
  'POST /api/executions/:id/resume': ['execution', 'execution.resume'],
  'POST /api/executions/:id/loops/:step/pause': ['execution', 'loop.pause'],
  'POST /api/executions/:id/loops/:step/resume': ['execution', 'loop.resume'],
  'POST /api/executions/:id/webhook/redeliver': ['execution', 'webhook.redeliver'],
  'POST /api/executions/cleanup': ['request', 'execution.cleanup'],
  'POST /api/bulk/cancel': ['request', 'bulk.cancel'],
  'POST /api/bulk/pause': ['request', 'bulk.pause'],
  'POST /api/bulk/resume': ['request', 'bulk.resume'],
  'POST /api/bulk/redrive': ['request', 'bulk.redrive'],
  'POST /api/vars/:id': ['execution', 'variable.write'],
  'DELETE /api/vars/:id': ['execution', 'variable.delete'],
  'DELETE /api/vars/:id/:name': ['execution', 'variable.delete'],
  ...ofValues('PUT', ':execution_id', ['execution', 'value.keep']),
  ...ofValues('DELETE', ':execution_id/:name', ['execution', 'value.delete']),
  'POST /api/schedules': ['request', 'schedule.create'],
  'PATCH /api/schedules/:id': ['schedule', 'schedule.change'],
  'DELETE /api/schedules/:id': ['schedule', 'schedule.delete'],
  'POST /api/schedules/:id/run': ['schedule', 'schedule.run'],
  'PUT /api/limits/:key': ['installation', 'limit.set'],
  'DELETE /api/limits/:key': ['installation', 'limit.delete'],
};

const AUTHOR: Rows = {
  'POST /api/catalog/register': ['request', 'catalog.register'],
  'POST /api/catalog/validate': ['platform', 'catalog.check'],
  // Shows values as a step would see them, not as they are stored.
  'POST /api/context/render': ['request', 'template.render'],
  'GET /api/credentials': ['request', 'credential.read'],
  'GET /api/credentials/:name': ['credential', 'credential.read'],
  'GET /api/keychain/catalog/:catalog_id': ['entry', 'keychain.read'],
  'GET /api/keychain/:catalog_id/:name': ['entry', 'keychain.read'],
};

const ADMIN: Rows = {
  'POST /api/credentials': ['request', 'credential.save'],
  'DELETE /api/credentials/:name': ['credential', 'credential.delete'],
  // Reads every table.
  'POST /api/postgres/execute': ['installation', 'sql.run'],
  'GET /api/tokens': ['installation', 'token.read'],
  'POST /api/tokens': ['installation', 'token.create'],
  'DELETE /api/tokens/:id': ['installation', 'token.revoke'],
  'GET /api/audit': ['installation', 'audit.read'],
};

/** `temp` is an older name of `result`. */
function ofValues(method: string, path: string, row: [Target, string]): Rows {
  return Object.fromEntries(['result', 'temp'].map((base) => [`${method} /api/${base}/${path}`, row]));
}

function rulesOf(role: Role, rows: Rows): [string, Rule][] {
  return Object.entries(rows).map(([route, [target, action]]) => [
    route,
    { role, target, action, changes: !/\.(read|check)$/.test(action) },
  ]);
}

/** By route, as `METHOD /path` of Express. */
export const RULES: ReadonlyMap<string, Rule> = new Map([
  ...rulesOf('viewer', Object.fromEntries(OPEN.map((route) => [route, ['open', 'page.read']]))),
  ...rulesOf('viewer', VIEWER),
  ...rulesOf('operator', OPERATOR),
  ...rulesOf('author', AUTHOR),
  ...rulesOf('admin', ADMIN),
]);

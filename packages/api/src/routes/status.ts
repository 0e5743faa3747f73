/** How the platform is: its processes, what waits and runs, for people, dashboards and Prometheus. */
import type { RequestHandler, Router } from 'express';
import { listRuntimes, overview, type LiveRuntime, type Overview } from '@noetl/store';
import type { ApiDeps } from './deps.ts';

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

  const status: RequestHandler = async (_, response) => {
    const [services, processes, counts] = await Promise.all([
      deps.ready(),
      listRuntimes(deps.store),
      overview(deps.store, deps.nowMs()),
    ]);
    const isOk = services.postgres && services.nats;
    response.json({ status: isOk ? 'ok' : 'degraded', services, processes, ...counts });
  };
  router.get('/status', status);
  router.get('/dashboard/stats', status);
  router.get('/metrics', metrics(deps));
}

/** The text format of Prometheus. */
export function metrics(deps: ApiDeps): RequestHandler {
  return async (_, response) => {
    const [counts, processes] = await Promise.all([
      overview(deps.store, deps.nowMs()),
      listRuntimes(deps.store),
    ]);
    response.type('text/plain; version=0.0.4').send(exposition(counts, processes));
  };
}

type Sample = [labels: string, value: number];

function exposition({ executions, commands, loops }: Overview, processes: LiveRuntime[]): string {
  const alive = processes.filter((process) => process.alive);
  const kinds = [...new Set(alive.map(({ kind }) => kind))];
  const byKind = kinds.map((kind): Sample => [
    `{kind="${kind}"}`,
    alive.filter((process) => process.kind === kind).length,
  ]);
  const labelled = (name: string, values: object): Sample[] =>
    Object.entries(values).map(([value, n]): Sample => [`{${name}="${value}"}`, n as number]);
  return [
    gauge('noetl_executions', 'Executions of the last 24 hours.', labelled('status', executions)),
    gauge('noetl_commands', 'Commands that are not done.', labelled('state', commands)),
    gauge('noetl_loops_running', 'Loops that are not done.', [['', loops]]),
    gauge('noetl_processes', 'Processes that live.', byKind),
    gauge('noetl_worker_slots', 'Chunks that all workers can run at once.', [
      ['', alive.reduce((sum, { capacity }) => sum + capacity, 0)],
    ]),
  ].join('');
}

function gauge(name: string, help: string, samples: Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labels} ${String(value)}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}

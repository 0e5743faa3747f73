/** How the platform is. */
import { flag, list, mapping, named, object, text, time, whole, words } from '../schema.ts';

export const health = object({ status: words('ok') });

const services = object({ postgres: flag, nats: flag });

export const readiness = object({ status: words('ok', 'unavailable'), services });

const process = named(
  'Process',
  object({
    name: text,
    kind: words('worker_pool', 'server_api', 'aggregator'),
    status: text,
    capacity: whole,
    labels: mapping,
    heartbeat: time,
    created_at: time,
    in_flight: whole,
    alive: flag,
  }),
);

export const platform = named(
  'Platform',
  object({
    status: words('ok', 'degraded'),
    services,
    processes: list(process),
    executions: { type: 'object', additionalProperties: whole },
    commands: object({ pending: whole, leased: whole, waiting: whole }),
    loops: whole,
  }),
);

export const pools = object({ items: list(process), count: whole, alive: whole, slots: whole });

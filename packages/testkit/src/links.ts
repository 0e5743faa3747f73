/** The product with a {@link FaultProxy} of its own between each process and each service. */
import { FaultProxy, type Toxics } from './fault-proxy.ts';
import { startTestNats, type TestNats } from './nats.ts';
import { startPlatform, type TestPlatform, type TestPlatformOptions } from './platform.ts';
import { startTestPostgres, type TestPostgres } from './postgres.ts';

export type ServiceName = 'postgres' | 'nats';

export interface LinkedPlatform extends TestPlatform {
  link(process: string, service: ServiceName): FaultProxy;
  /** Spoils the links of one process to these services. */
  spoil(process: string, services: readonly ServiceName[], toxics: Toxics): void;
  heal(): void;
}

/** `workers` are all that can be linked; those that are added later have no proxy. */
export async function startLinkedPlatform(options: TestPlatformOptions): Promise<LinkedPlatform> {
  const own: (TestPostgres | TestNats)[] = [];
  const use = <T extends TestPostgres | TestNats>(service: T): T => {
    own.push(service);
    return service;
  };
  const postgres = options.postgres ?? use(await startTestPostgres());
  const nats = options.nats ?? use(await startTestNats());
  const names = [
    'api',
    'aggregator',
    ...Array.from({ length: options.workers }, (_, at) => `worker-${String(at + 1)}`),
  ];
  const links = new Map<string, Record<ServiceName, FaultProxy>>();
  for (const name of names)
    links.set(name, {
      postgres: await FaultProxy.open(postgres.url),
      nats: await FaultProxy.open(nats.url),
    });
  const linked = (name: string): Record<ServiceName, FaultProxy> => {
    const found = links.get(name);
    if (!found) throw new Error(`no process named ${name} has links; there are ${names.join(', ')}`);
    return found;
  };
  const each = (): FaultProxy[] => [...links.values()].flatMap((of) => [of.postgres, of.nats]);
  const platform = await startPlatform({
    ...options,
    postgres,
    nats,
    envOf: (name) => ({
      ...(links.has(name) && { DATABASE_URL: linked(name).postgres.url, NATS_URL: linked(name).nats.url }),
      ...options.envOf?.(name),
    }),
  });
  return {
    ...platform,
    link: (process, service) => linked(process)[service],
    spoil: (process, services, toxics) => {
      for (const service of services) linked(process)[service].set(toxics);
    },
    heal: () => {
      for (const proxy of each()) proxy.heal();
    },
    stop: async () => {
      for (const proxy of each()) proxy.heal();
      await platform.stop();
      for (const proxy of each()) await proxy.close();
      for (const service of own) await service.stop();
    },
  };
}

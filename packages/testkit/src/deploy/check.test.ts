/**
 * The check of what is deployed: it finds nothing wrong in the repository, and finds each thing that is broken in a
 * copy. No engine, no cluster, no network.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { checkDeployment, type CheckOptions } from './check.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
// Some seconds of work for kustomize and the compiler, more where others work too.
jest.setTimeout(180_000);
const copies: string[] = [];

afterAll(async () => {
  await Promise.all(copies.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A text of a file that is replaced by another one, or by nothing. */
interface Break {
  file: string;
  text: string | RegExp;
  by: string;
}

/** What the check says of a copy with these breaks, one line each. */
async function told(breaks: readonly Break[], options: Omit<CheckOptions, 'root'> = {}): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'noetl-deploy-'));
  copies.push(root);
  for (const name of ['deploy', 'docker-compose.yml', 'package.json'])
    await cp(join(ROOT, name), join(root, name), { recursive: true });
  for (const { file, text, by } of breaks) {
    const before = await readFile(join(root, file), 'utf8');
    const after = before.replace(text, by);
    if (after === before) throw new Error(`${file} has nothing like ${String(text)}`);
    await writeFile(join(root, file), after);
  }
  const parts = await checkDeployment({ root, ...options });
  return parts.flatMap(({ name, findings, missing }) => [
    ...(missing === undefined ? [] : [`${name} was not looked at: ${missing}`]),
    ...findings.map(({ place, message }) => `${place}: ${message}`),
  ]);
}

const K8S = 'deploy/kubernetes';
const API = `${K8S}/base/api.yaml`;
const WORKER = `${K8S}/base/worker/worker.yaml`;
const AGGREGATOR = `${K8S}/base/aggregator.yaml`;

test('nothing is wrong with what is in the repository, and all of it was looked at', async () => {
  const parts = await checkDeployment({ root: ROOT });
  expect(
    parts.flatMap(({ findings, missing }) => [...findings, ...(missing === undefined ? [] : [missing])]),
  ).toEqual([]);
  expect(parts.map(({ name }) => name)).toEqual(['kubernetes', 'compose', 'dockerfile', 'alerts', 'images']);
  // Overlays of some thirty objects each, and the smoke test.
  expect(parts[0]?.checked).toBeGreaterThan(100);
});

describe('manifests', () => {
  // Each in another object, so that one build tells of all.
  const BROKEN: [what: string, change: Break, says: RegExp][] = [
    [
      'an unknown field',
      { file: API, text: '  replicas: 2', by: '  replicaz: 2\n  replicas: 2' },
      /Deployment noetl-api\/spec\/replicaz: .*"replicaz"' does not exist/,
    ],
    [
      'a field of a wrong type',
      { file: `${K8S}/base/migrate.yaml`, text: 'backoffLimit: 10', by: 'backoffLimit: ten' },
      /Job noetl-migrate-0-1-0\/spec\/backoffLimit: must be integer/,
    ],
    [
      'a required field that is missing',
      {
        file: `${K8S}/base/network-policies.yaml`,
        text: 'podSelector: {}\n  policyTypes: [Ingress, Egress]',
        by: 'policyTypes: [Ingress, Egress]',
      },
      /NetworkPolicy default-deny.*podSelector/,
    ],
    [
      'missing resources',
      { file: AGGREGATOR, text: /requests: \{ cpu: [^}]*\}/, by: 'requests: { cpu: 100m }' },
      /Deployment noetl-aggregator, container aggregator: resources\.requests\.memory is missing/,
    ],
    [
      'a probe of a path that does not exist',
      { file: AGGREGATOR, text: 'path: /health', by: 'path: /healthy' },
      /Deployment noetl-aggregator, container aggregator: startupProbe: \/healthy is no path of ours/,
    ],
    [
      'a missing probe',
      { file: WORKER, text: / +livenessProbe:\n(.*\n){4}/, by: '' },
      /Deployment noetl-worker, container worker: livenessProbe is missing/,
    ],
    [
      'a root file system that can be written',
      { file: WORKER, text: 'readOnlyRootFilesystem: true', by: 'readOnlyRootFilesystem: false' },
      /Deployment noetl-worker, container worker: securityContext\.readOnlyRootFilesystem must be true/,
    ],
    [
      'root',
      { file: `${K8S}/base/migrate.yaml`, text: 'runAsNonRoot: true', by: 'runAsNonRoot: false' },
      /Job noetl-migrate-0-1-0: securityContext\.runAsNonRoot must be true/,
    ],
    [
      'a secret value',
      {
        file: API,
        text: /name: NOETL_ADMIN_TOKEN\n.*\n/,
        by: 'name: NOETL_ADMIN_TOKEN\n              value: n0123456789\n',
      },
      /Deployment noetl-api: NOETL_ADMIN_TOKEN has its secret value inline/,
    ],
    [
      'a secret that nobody makes',
      { file: WORKER, text: 'key: worker-url', by: 'key: worker-address' },
      /Deployment noetl-worker: nobody makes the secret noetl-database\/worker-address/,
    ],
    [
      'a setting that does not exist',
      { file: WORKER, text: 'NOETL_WORKER_SLOTS', by: 'NOETL_WORKER_SLOT' },
      /Deployment noetl-worker: NOETL_WORKER_SLOT is no variable that noetl-worker reads/,
    ],
    [
      'less time to stop than the process may take',
      { file: API, text: 'terminationGracePeriodSeconds: 65', by: 'terminationGracePeriodSeconds: 60' },
      /Deployment noetl-api: terminationGracePeriodSeconds leaves 55 s, NOETL_SHUTDOWN_GRACE_MS is 55000/,
    ],
    [
      'a budget for nobody',
      { file: AGGREGATOR, text: /component: aggregator \} \}\n$/, by: 'component: aggregators } }\n' },
      /PodDisruptionBudget noetl-aggregator: selects no pod/,
    ],
    [
      'the tag latest',
      { file: `${K8S}/overlays/dev/nats.yaml`, text: /image: nats:\S+/, by: 'image: nats:latest' },
      /StatefulSet nats: image nats:latest is not pinned/,
    ],
    [
      'an image of another version',
      { file: `${K8S}/base/worker/kustomization.yaml`, text: 'newTag: 0.1.0', by: 'newTag: 0.0.9' },
      /Deployment noetl-worker: image noetl-worker:0\.0\.9 is not of this version, 0\.1\.0/,
    ],
    [
      'a label of another version',
      { file: `${K8S}/base/kustomization.yaml`, text: 'version: 0.1.0 }', by: 'version: 0.2.0 }' },
      /Deployment noetl-api: has the label of version 0\.2\.0, not 0\.1\.0/,
    ],
    [
      'another version than compose has',
      { file: `${K8S}/overlays/dev/postgres.yaml`, text: /image: postgres:\S+/, by: 'image: postgres:16.4' },
      /StatefulSet postgres: image postgres:16\.4 is elsewhere postgres:17\.11/,
    ],
  ];
  let lines: string[];

  beforeAll(async () => {
    const breaks = BROKEN.map(([, change]) => change);
    // Of the base's own image list one entry would hide the other.
    breaks.push({ file: `${K8S}/base/kustomization.yaml`, text: /.*noetl-worker, newTag.*\n/, by: '' });
    lines = await told(breaks, { only: ['kubernetes', 'images'], overlays: ['overlays/dev'] });
  });

  test.each(BROKEN)('%s', (_, __, says) => {
    expect(lines).toContainEqual(expect.stringMatching(says));
  });

  test('fields of KEDA and of the Prometheus operator that do not exist, and targets that are not there', async () => {
    const broken = await told(
      [
        { file: `${K8S}/overlays/keda/scaled-objects.yaml`, text: 'pollingInterval', by: 'pollInterval' },
        {
          file: `${K8S}/overlays/keda/scaled-objects.yaml`,
          text: 'key: connection',
          by: 'field: connection',
        },
        {
          file: `${K8S}/overlays/keda/scaled-objects.yaml`,
          text: '{ name: noetl-worker }',
          by: '{ name: noetl-workers }',
        },
        { file: `${K8S}/monitoring/pod-monitor.yaml`, text: 'port: http, path', by: 'port: http, route' },
      ],
      { only: ['kubernetes'], overlays: ['overlays/keda'] },
    );
    for (const says of [
      /ScaledObject noetl-worker\/spec\/pollInterval: .*does not exist/,
      /TriggerAuthentication noetl-postgres\/spec\/secretTargetRef\/0: must have required property key/,
      /ScaledObject noetl-worker: scales noetl-workers, which is not there/,
      /PodMonitor noetl\/spec\/podMetricsEndpoints\/0\/route: .*does not exist/,
    ])
      expect(broken).toContainEqual(expect.stringMatching(says));
  });

  test('an overlay that does not build', async () => {
    const broken = await told(
      [{ file: `${K8S}/smoke/kustomization.yaml`, text: 'smoke.yaml', by: 'smok.yaml' }],
      {
        only: ['kubernetes'],
        overlays: ['smoke'],
      },
    );
    expect(broken).toEqual([expect.stringMatching(/^smoke: does not build: .*smok\.yaml/s)]);
  });
});

const COMPOSE = 'docker-compose.yml';

describe('compose file', () => {
  const BROKEN: [what: string, change: Omit<Break, 'file'>, says: RegExp][] = [
    [
      'a default password',
      { text: ':?run sh deploy/docker/make-env.sh first', by: ':-noetl' },
      /POSTGRES_PASSWORD has a default/,
    ],
    [
      'a password',
      { text: /\$\{GRAFANA_ADMIN_PASSWORD[^}]*\}/, by: 'admin' },
      /grafana: GF_SECURITY_ADMIN_PASSWORD has its secret value inline/,
    ],
    [
      'a variable that nobody sets',
      { text: '${NOETL_ENCRYPTION_KEY}', by: '${NOETL_ENCRYPTION}' },
      /nobody sets NOETL_ENCRYPTION$/,
    ],
    [
      'a setting that does not exist',
      { text: 'NOETL_STEP_SLOTS:', by: 'NOETL_STEPS:' },
      /worker: NOETL_STEPS is no variable/,
    ],
    [
      'a worker with a name',
      { text: '    pids_limit: 512', by: '    container_name: worker' },
      /worker: must be there, without a name/,
    ],
    ['capabilities', { text: 'cap_drop: [ALL]', by: 'cap_drop: [NET_RAW]' }, /api: cap_drop must hold ALL/],
    [
      'no limits',
      { text: "limits: { cpus: '2', memory: 2g }", by: "limits: { cpus: '2' }" },
      /postgres: deploy\.resources\.limits\.memory is missing/,
    ],
    [
      'a mount of a file that is not there',
      { text: './deploy/prometheus/alerts.yaml:', by: './deploy/prometheus/alert.yaml:' },
      /prometheus: \.\/deploy\/prometheus\/alert\.yaml is mounted, and is not there/,
    ],
    [
      'a port for everybody',
      { text: '127.0.0.1:3000:3000', by: '3000:3000' },
      /grafana: ports must be bound/,
    ],
    [
      'the tag latest',
      { text: /image: nats:\S+/, by: 'image: nats:latest' },
      /nats: image nats:latest is not pinned/,
    ],
  ];
  let lines: string[];

  beforeAll(async () => {
    lines = await told(
      BROKEN.map(([, change]) => ({ file: COMPOSE, ...change })),
      { only: ['compose', 'images'] },
    );
  });

  test.each(BROKEN)('with %s', (_, __, says) => {
    expect(lines).toContainEqual(expect.stringMatching(says));
  });

  // What does not conform is not looked into any further.
  test.each<[what: string, change: Omit<Break, 'file'>, says: RegExp]>([
    ['an unknown key', { text: 'shm_size:', by: 'shmsize:' }, /services\/postgres: must NOT .*: shmsize/],
    ['no YAML', { text: 'services:\n', by: 'services: [\n' }, /docker-compose\.yml: /],
    ['a bare number of seconds', { text: 'interval: 5s', by: 'interval: 5' }, /interval: must be string/],
  ])('with %s', async (_, change, says) => {
    const broken = await told([{ file: COMPOSE, ...change }], { only: ['compose'] });
    expect(broken).toContainEqual(expect.stringMatching(says));
  });
});

test.each<[what: string, change: Omit<Break, 'file'>, says: RegExp]>([
  ['root', { text: /USER 65532:65532\nEXPOSE 9464/, by: 'EXPOSE 9464' }, /target worker runs as root/],
  [
    'a user by name',
    { text: /USER 65532:65532\nEXPOSE 8082/, by: 'USER root\nEXPOSE 8082' },
    /target control runs as root/,
  ],
  ['the tag latest', { text: /node:24\S+/, by: 'node:latest' }, /base image node:latest is not pinned/],
  ['no digest', { text: /@sha256:\w+/, by: '' }, /base image node:24\S+ has no digest/],
  ['install scripts', { text: 'npm ci --ignore-scripts', by: 'npm ci' }, /npm must not run install scripts/],
  [
    'an unknown instruction',
    { text: 'WORKDIR /app', by: 'WORKDIRR /app' },
    /[Uu]nknown instruction: WORKDIRR/,
  ],
  [
    'a secret',
    { text: 'ENV NODE_ENV=production', by: 'ENV NOETL_ADMIN_TOKEN=x NODE_ENV=production' },
    /NOETL_ADMIN_TOKEN would stay in the image/,
  ],
  [
    'a missing target',
    { text: 'FROM runtime AS worker', by: 'FROM runtime AS workers' },
    /there is no stage worker/,
  ],
])('Dockerfile with %s', async (_, change, says) => {
  const lines = await told([{ file: 'deploy/docker/Dockerfile', ...change }], { only: ['dockerfile'] });
  expect(lines).toContainEqual(expect.stringMatching(says));
});

test.each<[what: string, change: Break, says: RegExp]>([
  [
    'broken PromQL',
    {
      file: 'deploy/prometheus/alerts.yaml',
      text: 'max by (pool) (noetl_workers) == 0',
      by: 'max by (pool) (noetl_workers == 0',
    },
    /NoetlNoWorkers: the expression is no PromQL/,
  ],
  [
    'a rule for the operator that is older',
    { file: `${K8S}/monitoring/alerts.yaml`, text: 'for: 2m', by: 'for: 3m' },
    /monitoring\/alerts\.yaml: is not what is made of the alerts/,
  ],
])('alerts with %s', async (_, change, says) => {
  const lines = await told([change], { only: ['alerts'] });
  expect(lines).toContainEqual(expect.stringMatching(says));
});

test('a copy without overlays passes for nothing', async () => {
  const lines = await told([], { only: ['kubernetes'], overlays: [] });
  expect(lines).toEqual(['kubernetes: there was nothing to check']);
});

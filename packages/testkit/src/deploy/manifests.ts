/** Rules for all objects of one overlay: what they refer to is there, nothing is secret, every variable is known. */
import { SECRET_TEXT } from './environment.ts';
import { variableFindings, type ImageUse } from './environment-rules.ts';
import type { Finding } from './finding.ts';
import type { Manifest } from './kustomize.ts';
import { containersOf, podFindings, podOf, type Container, type Pod } from './pods.ts';

/** What the manifests may refer to without holding it. */
export interface Surroundings {
  natsConf: string;
  /** Of this repository. */
  version: string;
  /** `name/key` of the secrets that the script makes. */
  secrets: ReadonlySet<string>;
}

export function placeOf(overlay: string, { kind, metadata }: Manifest): string {
  return `${overlay}: ${kind} ${metadata.name}`;
}

export function imagesOf(overlay: string, manifests: readonly Manifest[]): ImageUse[] {
  return manifests.flatMap((manifest) => {
    const pod = podOf(manifest);
    return pod ? containersOf(pod).map(({ image }) => ({ place: placeOf(overlay, manifest), image })) : [];
  });
}

export function manifestFindings(
  overlay: string,
  manifests: readonly Manifest[],
  { natsConf, secrets, version }: Surroundings,
): Finding[] {
  const named = (kind: string, name: string): Manifest | undefined =>
    manifests.find((one) => one.kind === kind && one.metadata.name === name);
  const pods = manifests.flatMap((manifest) => podOf(manifest) ?? []);
  return manifests.flatMap((manifest) => {
    const place = placeOf(overlay, manifest);
    const at = (message: string): Finding => ({ place, message });
    const pod = podOf(manifest);
    return [
      ...(manifest.kind === 'Secret' ? [at('a Secret is no file: refer to one that is made elsewhere')] : []),
      ...(SECRET_TEXT.test(JSON.stringify(manifest)) ? [at('a secret value stands in it')] : []),
      ...versionFindings(manifest, version).map(at),
      ...selectionFindings(manifest, pods, named).map(at),
      ...(pod
        ? [...podFindings(place, pod), ...referenceFindings(pod, named, secrets, natsConf).map(at)]
        : []),
    ];
  });
}

/** Jobs cannot be changed, so that of the migration is another one for each version. */
function versionFindings({ kind, metadata: { name, labels = {} } }: Manifest, version: string): string[] {
  const label = labels['app.kubernetes.io/version'];
  const migration = `noetl-migrate-${version.replaceAll('.', '-')}`;
  const isOld = kind === 'Job' && name.startsWith('noetl-migrate-') && name !== migration;
  return [
    ...(label === undefined || label === version
      ? []
      : [`has the label of version ${label}, not ${version}`]),
    ...(isOld ? [`must be called ${migration}: a Job of another version cannot be changed`] : []),
  ];
}

type Named = (kind: string, name: string) => Manifest | undefined;

/** Budgets, services and autoscalers that would watch nothing. */
function selectionFindings({ kind, spec }: Manifest, pods: readonly Pod[], named: Named): string[] {
  const { selector, scaleTargetRef: target } = (spec ?? {}) as {
    selector?: Record<string, string> & { matchLabels?: Record<string, string> };
    scaleTargetRef?: { kind?: string; name: string };
  };
  if (target)
    return named(target.kind ?? 'Deployment', target.name)
      ? []
      : [`scales ${target.name}, which is not there`];
  if (!selector || !['Service', 'PodDisruptionBudget', 'PodMonitor'].includes(kind)) return [];
  const labels = Object.entries(selector.matchLabels ?? selector);
  const selects = pods.some((pod) => labels.every(([name, value]) => pod.labels[name] === value));
  return selects ? [] : ['selects no pod'];
}

/** What a pod refers to, and the variables of its containers. */
function referenceFindings(pod: Pod, named: Named, secrets: ReadonlySet<string>, natsConf: string): string[] {
  const { serviceAccountName: account, volumes = [] } = pod.spec;
  const configMaps = volumes.flatMap(({ configMap }) => configMap?.name ?? []);
  const keys = volumes.flatMap(({ secret }) => secret?.secretName ?? []);
  const made = [...secrets].map((key) => key.split('/')[0]);
  return [
    ...(account === undefined || named('ServiceAccount', account)
      ? []
      : [`there is no ServiceAccount ${account}`]),
    ...configMaps.filter((name) => !named('ConfigMap', name)).map((name) => `there is no ConfigMap ${name}`),
    ...keys.filter((name) => !made.includes(name)).map((name) => `nobody makes the Secret ${name}`),
    ...containersOf(pod).flatMap((container) => {
      const settings = settingsOf(container, named);
      return [
        ...containerReferences(container, named, secrets),
        ...settings.flatMap(({ name, value }) => variableFindings(container.image, name, value, natsConf)),
        ...graceFindings(pod, container, settings),
      ];
    }),
  ];
}

interface Setting {
  name: string;
  value?: string | undefined;
}

/** Those of its own and those of ConfigMaps. */
function settingsOf({ env = [], envFrom = [] }: Container, named: Named): Setting[] {
  const shared = envFrom.flatMap(({ configMapRef }) => {
    const data = configMapRef && named('ConfigMap', configMapRef.name)?.['data'];
    return Object.entries((data ?? {}) as Record<string, string>).map(([name, value]) => ({ name, value }));
  });
  return [...shared, ...env.map(({ name, value }) => ({ name, value }))];
}

function containerReferences(
  { env = [], envFrom = [] }: Container,
  named: Named,
  secrets: ReadonlySet<string>,
): string[] {
  const keys = env.flatMap(({ valueFrom }) => {
    const of = valueFrom?.secretKeyRef;
    return of ? [`${of.name}/${of.key}`] : [];
  });
  const maps = envFrom.flatMap(({ configMapRef }) => configMapRef?.name ?? []);
  return [
    ...keys.filter((key) => !secrets.has(key)).map((key) => `nobody makes the secret ${key}`),
    ...maps.filter((name) => !named('ConfigMap', name)).map((name) => `there is no ConfigMap ${name}`),
  ];
}

/** Kubernetes must give a process as long to stop as it may take. */
function graceFindings({ spec }: Pod, { lifecycle }: Container, settings: readonly Setting[]): string[] {
  const graceMs = settings.find(({ name }) => name === 'NOETL_SHUTDOWN_GRACE_MS')?.value;
  const givenS = (spec.terminationGracePeriodSeconds ?? 30) - (lifecycle?.preStop?.sleep?.seconds ?? 0);
  if (graceMs === undefined || Number(graceMs) < givenS * 1000) return [];
  return [`terminationGracePeriodSeconds leaves ${String(givenS)} s, NOETL_SHUTDOWN_GRACE_MS is ${graceMs}`];
}

/** Rules for every pod of the manifests: what Pod Security "restricted" asks for, resources, probes, time to stop. */
import type { Finding } from './finding.ts';
import type { Manifest } from './kustomize.ts';

interface Variable {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef?: { name: string; key: string } };
}

interface Probe {
  httpGet?: { path?: string; port: string | number };
  tcpSocket?: { port: string | number };
}

export interface Container {
  name: string;
  image: string;
  env?: Variable[];
  envFrom?: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  ports?: { name?: string; containerPort: number }[];
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
  securityContext?: {
    allowPrivilegeEscalation?: boolean;
    readOnlyRootFilesystem?: boolean;
    privileged?: boolean;
    runAsUser?: number;
    capabilities?: { drop?: string[]; add?: string[] };
  };
  startupProbe?: Probe;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
}

interface Volume {
  name: string;
  configMap?: { name: string };
  secret?: { secretName: string };
  hostPath?: unknown;
}

export interface Pod {
  labels: Record<string, string>;
  /** Runs until it is told to stop. */
  isLongLived: boolean;
  spec: {
    serviceAccountName?: string;
    automountServiceAccountToken?: boolean;
    enableServiceLinks?: boolean;
    terminationGracePeriodSeconds?: number;
    hostNetwork?: boolean;
    hostPID?: boolean;
    securityContext?: { runAsNonRoot?: boolean; runAsUser?: number; seccompProfile?: { type: string } };
    containers: Container[];
    initContainers?: Container[];
    volumes?: Volume[];
  };
}

/** The pod of a workload; undefined for everything else. */
export function podOf({ kind, spec }: Manifest): Pod | undefined {
  if (!['Deployment', 'StatefulSet', 'Job'].includes(kind)) return undefined;
  const { template } = spec as {
    template: { metadata?: { labels?: Record<string, string> }; spec: Pod['spec'] };
  };
  return { labels: template.metadata?.labels ?? {}, isLongLived: kind !== 'Job', spec: template.spec };
}

export function containersOf({ spec }: Pod): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

export function podFindings(place: string, pod: Pod): Finding[] {
  const { spec } = pod;
  const wrong: (string | false)[] = [
    spec.automountServiceAccountToken !== false && 'automountServiceAccountToken must be false',
    spec.enableServiceLinks !== false && 'enableServiceLinks must be false: they would pass for settings',
    spec.securityContext?.runAsNonRoot !== true && 'securityContext.runAsNonRoot must be true',
    !((spec.securityContext?.runAsUser ?? 0) > 0) &&
      'securityContext.runAsUser must be a user other than root',
    spec.securityContext?.seccompProfile?.type !== 'RuntimeDefault' &&
      'securityContext.seccompProfile.type must be RuntimeDefault',
    (spec.hostNetwork === true || spec.hostPID === true) && 'the host must not be shared',
    (spec.volumes ?? []).some((volume) => volume.hostPath !== undefined) && 'hostPath is not allowed',
  ];
  const ofContainers = containersOf(pod).flatMap((container) =>
    containerFindings(container, pod).map((message) => ({
      place: `${place}, container ${container.name}`,
      message,
    })),
  );
  return [
    ...wrong.filter((message) => message !== false).map((message) => ({ place, message })),
    ...ofContainers,
  ];
}

function containerFindings(container: Container, { isLongLived }: Pod): string[] {
  const { resources, securityContext: security } = container;
  const lacks = (of: 'requests' | 'limits', what: string) =>
    resources?.[of]?.[what] === undefined && `resources.${of}.${what} is missing`;
  return [
    lacks('requests', 'cpu'),
    lacks('requests', 'memory'),
    lacks('limits', 'cpu'),
    lacks('limits', 'memory'),
    security?.allowPrivilegeEscalation !== false && 'securityContext.allowPrivilegeEscalation must be false',
    security?.readOnlyRootFilesystem !== true && 'securityContext.readOnlyRootFilesystem must be true',
    security?.privileged === true && 'securityContext.privileged is not allowed',
    security?.runAsUser === 0 && 'securityContext.runAsUser must be a user other than root',
    !(security?.capabilities?.drop ?? []).includes('ALL') &&
      'securityContext.capabilities.drop must hold ALL',
    (security?.capabilities?.add ?? []).length > 0 && 'securityContext.capabilities.add is not allowed',
    ...(isLongLived ? probeFindings(container) : []),
  ].filter((message) => message !== false);
}

/** Paths that our processes serve without an account, by name of the port. */
const HEALTH_PATHS: Record<string, readonly string[]> = {
  http: ['/api/health', '/api/ready'],
  metrics: ['/health'],
};

function probeFindings(container: Container): (string | false)[] {
  return (['startupProbe', 'readinessProbe', 'livenessProbe'] as const).flatMap((kind) => {
    const probe = container[kind];
    if (!probe) return [`${kind} is missing`];
    const port = probe.httpGet?.port ?? probe.tcpSocket?.port;
    if (port === undefined) return [];
    const isThere = (container.ports ?? []).some(({ name, containerPort }) =>
      [name, containerPort].includes(port),
    );
    const paths = HEALTH_PATHS[String(port)];
    const { path } = probe.httpGet ?? {};
    return [
      !isThere && `${kind}: the container has no port ${String(port)}`,
      paths !== undefined && !paths.includes(path ?? '/') && `${kind}: ${String(path)} is no path of ours`,
    ];
  });
}

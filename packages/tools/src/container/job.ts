/** A container step as a Kubernetes Job, and what its pod says about it. */
import type { Json, JsonObject } from '@noetl/protocol';
import type { ContainerSpec } from './spec.ts';

/** Finished jobs that nobody removed go after this. */
const KEPT_S = 600;
/** Waiting for these reasons is waiting for ever. */
const HOPELESS = [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
];

export interface PodState {
  name: string;
  exit_code?: number;
  /** Why it will never start. */
  hopeless?: string;
}

/** One pod, never tried again: attempts are the playbook's business. It gets no token of the cluster. */
export function jobManifest(spec: ContainerSpec): JsonObject {
  const { name, image, command, args, env, cpu, memory, timeoutS, input } = spec;
  const variables = Object.entries({ NOETL_INPUT: input, ...env });
  const limits = {
    ...(cpu !== undefined && { cpu: String(cpu) }),
    ...(memory !== undefined && { memory: String(memory) }),
  };
  const container = {
    name: 'step',
    image,
    ...(command.length > 0 && { command: command.map(literal) }),
    ...(args.length > 0 && { args: args.map(literal) }),
    env: variables.map(([key, value]) => ({ name: key, value: literal(value) })),
    ...(Object.keys(limits).length > 0 && { resources: { limits, requests: limits } }),
    securityContext: { allowPrivilegeEscalation: false },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'noetl' } },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: Math.ceil(timeoutS),
      ttlSecondsAfterFinished: KEPT_S,
      template: {
        spec: { restartPolicy: 'Never', automountServiceAccountToken: false, containers: [container] },
      },
    },
  };
}

/** Kubernetes would put variables in. */
function literal(text: string): string {
  return text.replaceAll('$(', () => '$$(');
}

/** `complete`, `failed` with its reason, or undefined while it runs. */
export function jobEnd(job: JsonObject): { failed: boolean; reason: string } | undefined {
  const status = object(job['status']);
  for (const condition of list(status['conditions']).map(object)) {
    if (condition['status'] !== 'True') continue;
    const reason = [condition['reason'], condition['message']].filter((text) => typeof text === 'string');
    if (condition['type'] === 'Complete') return { failed: false, reason: '' };
    if (condition['type'] === 'Failed') return { failed: true, reason: reason.join(': ') };
  }
  return undefined;
}

export function podState(pods: JsonObject): PodState | undefined {
  const pod = list(pods['items']).map(object).at(-1);
  if (!pod) return undefined;
  const name = object(pod['metadata'])['name'];
  const container = object(list(object(pod['status'])['containerStatuses'])[0]);
  const state = object(container['state']);
  const exitCode = object(state['terminated'])['exitCode'];
  const { reason, message } = object(state['waiting']);
  return {
    name: typeof name === 'string' ? name : '',
    ...(typeof exitCode === 'number' && { exit_code: exitCode }),
    ...(typeof reason === 'string' &&
      HOPELESS.includes(reason) && {
        hopeless: typeof message === 'string' ? `${reason}: ${message}` : reason,
      }),
  };
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

function list(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

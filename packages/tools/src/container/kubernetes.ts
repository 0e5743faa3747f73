/** Containers as Jobs of the Kubernetes cluster that the worker runs in. */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, fetch } from 'undici';
import { NoetlError, type JsonObject } from '@noetl/protocol';
import type { CommandEnd } from '../process/command.ts';
import { jobEnd, jobManifest, podState, type PodState } from './job.ts';
import type { ContainerSpec } from './spec.ts';

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const LOOK_EVERY_MS = 1_000;
const REQUEST_MS = 15_000;
const SILENT_LOOKS = 60;
const LOG_MAX = 1024 * 1024;

export interface Cluster {
  url: string;
  /** Folder with `token`, `ca.crt` and `namespace`. */
  account: string;
}

/** Undefined outside of a cluster. */
export function clusterAround(env = process.env, account = ACCOUNT): Cluster | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'];
  if (host === undefined || host === '' || !existsSync(`${account}/token`)) return undefined;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `https://${name}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`, account };
}

/** The Job is gone afterwards, whatever happened. A redelivery of the same attempt waits for the Job that is there. */
export async function runInCluster(
  cluster: Cluster,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<CommandEnd> {
  const api = new KubernetesApi(cluster);
  const namespace = encodeURIComponent(spec.namespace ?? api.namespace);
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  try {
    await api.send('POST', jobs, signal, { body: jobManifest(spec), ignore: 409 });
    const pod = await podAtEnd(api, `${jobs}/${spec.name}`, pods, spec, signal);
    const stdout = await api.text(`${pods}/${pod.name}/log?limitBytes=${String(LOG_MAX)}`, signal);
    return { stdout: stdout.replaceAll('\u0000', '\ufffd'), stderr: '', exit_code: pod.exit_code ?? 1 };
  } finally {
    const limit = AbortSignal.timeout(REQUEST_MS);
    const path = `${jobs}/${spec.name}?propagationPolicy=Background`;
    await api.send('DELETE', path, limit, { ignore: 404 }).catch(() => undefined);
    await api.close();
  }
}

async function podAtEnd(
  api: KubernetesApi,
  job: string,
  pods: string,
  { name, image, timeoutS }: ContainerSpec,
  signal: AbortSignal,
): Promise<PodState> {
  for (let missed = 0; ;) {
    const look = await lookAt(api, job, `${pods}?labelSelector=job-name%3D${name}`, signal);
    missed = look.silent ? missed + 1 : 0;
    if (look.silent && missed > SILENT_LOOKS) throw look.silent;
    const { end, pod } = look;
    if (end?.reason.startsWith('DeadlineExceeded') === true) {
      throw new NoetlError('TOOL_TIMEOUT', `the container took longer than ${String(timeoutS)} s`, {
        kind: 'timeout',
      });
    }
    const problem =
      pod?.hopeless ?? (end?.failed === true && pod?.exit_code === undefined ? end.reason : undefined);
    if (problem !== undefined) {
      throw new NoetlError('TOOL_FAILED', `the container of ${image} did not start: ${problem}`);
    }
    if (pod?.exit_code !== undefined) return pod;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** A silent API server does not end the work: it runs on by itself. */
async function lookAt(
  api: KubernetesApi,
  job: string,
  pods: string,
  signal: AbortSignal,
): Promise<{ end?: ReturnType<typeof jobEnd>; pod?: PodState | undefined; silent?: NoetlError }> {
  try {
    const end = jobEnd(await api.send('GET', job, signal));
    return { end, pod: podState(await api.send('GET', pods, signal)) };
  } catch (error) {
    if (error instanceof NoetlError && error.kind === 'connection') return { silent: error };
    throw error;
  }
}

class KubernetesApi {
  readonly #cluster: Cluster;
  readonly #agent: Agent;
  readonly namespace: string;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#agent = new Agent({ connect: { ca: readFileSync(`${cluster.account}/ca.crt`, 'utf8') } });
    this.namespace = readFileSync(`${cluster.account}/namespace`, 'utf8').trim();
  }

  /** `ignore`: a status that is as good as success. */
  async send(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    signal: AbortSignal,
    { body, ignore }: { body?: JsonObject; ignore?: number } = {},
  ): Promise<JsonObject> {
    const text = await this.#request(method, path, signal, body, ignore);
    return JSON.parse(text) as JsonObject;
  }

  async text(path: string, signal: AbortSignal): Promise<string> {
    return this.#request('GET', path, signal);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #request(
    method: string,
    path: string,
    signal: AbortSignal,
    body?: JsonObject,
    ignore?: number,
  ): Promise<string> {
    const { url, account } = this.#cluster;
    // The kubelet renews the file.
    const authorization = `Bearer ${readFileSync(`${account}/token`, 'utf8').trim()}`;
    const reply = await fetch(`${url}${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      dispatcher: this.#agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
      ...(body && { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      const options = { kind: 'connection', retryable: true, cause: error } as const;
      throw new NoetlError('TOOL_FAILED', 'the Kubernetes API does not answer', options);
    });
    const text = await reply.text();
    if (reply.ok || reply.status === ignore) return text;
    throw refusedBy(reply.status, method, path, text);
  }
}

function refusedBy(status: number, method: string, path: string, text: string): NoetlError {
  const message = `the Kubernetes API answers ${String(status)} to ${method} ${path}: ${text.slice(0, 500)}`;
  if (status !== 401 && status !== 403) return new NoetlError('TOOL_FAILED', message);
  return new NoetlError('TOOL_FAILED', message, {
    kind: 'auth',
    hint: 'Let the service account of the worker create, get and delete jobs, and get and list pods and pods/log.',
  });
}

/** The tool `container`: a program in a container, by docker or podman, or as a Job of the cluster around. */
import { NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { engineOnPath, runInEngine } from './container/engine.ts';
import { clusterAround, runInCluster } from './container/kubernetes.ts';
import { resultOf, specOf, type ContainerSpec } from './container/spec.ts';
import { itemTool, type ToolCall } from './item-tool.ts';
import type { CommandEnd } from './process/command.ts';

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    image: { type: 'string', description: 'The image to run.' },
    command: {
      type: ['array', 'string'],
      description: 'Replaces the entrypoint of the image; text is run by its /bin/sh -c.',
    },
    args: { type: ['array', 'string'], description: 'Arguments of the entrypoint.' },
    arguments: { type: ['array', 'string'], description: 'Another spelling of `args`.' },
    env: {
      type: ['object', 'array'],
      description:
        'Environment variables. The input is on stdin as JSON; in Kubernetes it is in the variable NOETL_INPUT.',
    },
    timeout_seconds: { type: 'number', description: 'Most seconds it may run; default 3600.' },
    resources: { type: 'object', description: 'Limits: {cpu: 500m, memory: 256Mi}.' },
    namespace: { type: 'string', description: 'Kubernetes only; default: that of the worker.' },
  },
  required: ['image'],
};

export const container = itemTool({ kind: 'container', schema: SCHEMA, timeout_s: 24 * 3_600, run });

async function run(call: ToolCall): Promise<Json> {
  const spec = await specOf(call);
  const timeout = AbortSignal.timeout(spec.timeoutS * 1000);
  try {
    const end = await runAnywhere(spec, AbortSignal.any([call.signal, timeout]));
    return resultOf(end, spec.image);
  } catch (error) {
    if (!timeout.aborted || call.signal.aborted) throw error;
    throw new NoetlError('TOOL_TIMEOUT', `the container took longer than ${String(spec.timeoutS)} s`, {
      kind: 'timeout',
    });
  }
}

function runAnywhere(spec: ContainerSpec, signal: AbortSignal): Promise<CommandEnd> {
  const cluster = clusterAround();
  if (cluster) return runInCluster(cluster, spec, signal);
  const engine = engineOnPath();
  if (engine !== undefined) return runInEngine(engine, spec, signal);
  throw new NoetlError(
    'TOOL_UNAVAILABLE',
    'there is neither docker nor podman on PATH, and no Kubernetes around',
    {
      hint: 'Install Docker or Podman where the worker runs, or let the worker run in Kubernetes.',
    },
  );
}

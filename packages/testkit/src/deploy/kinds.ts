/**
 * The kinds of objects that the manifests may hold, with their models: those of Kubernetes, KEDA and the Prometheus
 * operator, generated from their OpenAPI documents and CRDs (kubernetes-models).
 */
import { createRequire } from 'node:module';
import type { Manifest } from './kustomize.ts';

const require = createRequire(import.meta.url);

const PACKAGES: Record<string, readonly string[]> = {
  'kubernetes-models': [
    'v1/ConfigMap',
    'v1/Namespace',
    'v1/Service',
    'v1/ServiceAccount',
    'apps/v1/Deployment',
    'apps/v1/StatefulSet',
    'autoscaling/v2/HorizontalPodAutoscaler',
    'batch/v1/Job',
    'networking.k8s.io/v1/NetworkPolicy',
    'policy/v1/PodDisruptionBudget',
  ],
  '@kubernetes-models/keda': ['keda.sh/v1alpha1/ScaledObject', 'keda.sh/v1alpha1/TriggerAuthentication'],
  '@kubernetes-models/prometheus-operator': [
    'monitoring.coreos.com/v1/PodMonitor',
    'monitoring.coreos.com/v1/PrometheusRule',
  ],
};

const MODULES = new Map(
  Object.entries(PACKAGES).flatMap(([name, kinds]) =>
    kinds.map((kind): [string, string] => [kind, `${name}/${kind}`]),
  ),
);

export interface SchemaError {
  instancePath: string;
  message?: string;
}

type Model = new (data: object) => { validate(): void };

/** Module of the object's kind; undefined for a kind that no manifest should have. */
export function moduleOf({ apiVersion, kind }: Manifest): string | undefined {
  return MODULES.get(`${apiVersion}/${kind}`);
}

/** Where TypeScript finds the types of a module. */
export function typesOf(module: string): string {
  return require.resolve(module).replace(/\.js$/, '');
}

/** Required fields, types, formats, ranges and patterns. Unknown fields pass: see types.ts. */
export function schemaErrors(module: string, manifest: Manifest): SchemaError[] {
  const { [manifest.kind]: model } = require(module) as Record<string, Model>;
  if (!model) throw new Error(`${module} has no ${manifest.kind}`);
  try {
    new model(manifest).validate();
    return [];
  } catch (error) {
    const { errors } = error as { errors?: SchemaError[] };
    if (!errors) throw error;
    return errors;
  }
}

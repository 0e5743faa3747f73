/**
 * The kinds of objects that the manifests may hold, with their models: those of Kubernetes, KEDA and the Prometheus
 * operator, generated from their OpenAPI documents and CRDs (kubernetes-models).
 */
import { createRequire } from 'node:module';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { TriggerAuthentication } from '@kubernetes-models/keda/keda.sh/v1alpha1/TriggerAuthentication';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { Manifest } from './kustomize.ts';

const require = createRequire(import.meta.url);

interface Model {
  validate(): void;
}

/** Checks required fields, types, formats, ranges and patterns; unknown fields pass: see types.ts. */
type ModelOf = (data: never) => Model;

interface Kind {
  module: string;
  model: ModelOf;
}

const KINDS: Record<string, Kind> = {
  'v1/ConfigMap': { module: 'kubernetes-models/v1/ConfigMap', model: (data) => new ConfigMap(data) },
  'v1/Namespace': { module: 'kubernetes-models/v1/Namespace', model: (data) => new Namespace(data) },
  'v1/Service': { module: 'kubernetes-models/v1/Service', model: (data) => new Service(data) },
  'v1/ServiceAccount': {
    module: 'kubernetes-models/v1/ServiceAccount',
    model: (data) => new ServiceAccount(data),
  },
  'apps/v1/Deployment': {
    module: 'kubernetes-models/apps/v1/Deployment',
    model: (data) => new Deployment(data),
  },
  'apps/v1/StatefulSet': {
    module: 'kubernetes-models/apps/v1/StatefulSet',
    model: (data) => new StatefulSet(data),
  },
  'autoscaling/v2/HorizontalPodAutoscaler': {
    module: 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler',
    model: (data) => new HorizontalPodAutoscaler(data),
  },
  'batch/v1/Job': { module: 'kubernetes-models/batch/v1/Job', model: (data) => new Job(data) },
  'networking.k8s.io/v1/NetworkPolicy': {
    module: 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy',
    model: (data) => new NetworkPolicy(data),
  },
  'policy/v1/PodDisruptionBudget': {
    module: 'kubernetes-models/policy/v1/PodDisruptionBudget',
    model: (data) => new PodDisruptionBudget(data),
  },
  'keda.sh/v1alpha1/ScaledObject': {
    module: '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject',
    model: (data) => new ScaledObject(data),
  },
  'keda.sh/v1alpha1/TriggerAuthentication': {
    module: '@kubernetes-models/keda/keda.sh/v1alpha1/TriggerAuthentication',
    model: (data) => new TriggerAuthentication(data),
  },
  'monitoring.coreos.com/v1/PodMonitor': {
    module: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor',
    model: (data) => new PodMonitor(data),
  },
  'monitoring.coreos.com/v1/PrometheusRule': {
    module: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule',
    model: (data) => new PrometheusRule(data),
  },
};

interface SchemaError {
  instancePath: string;
  message?: string;
}

/** Undefined for a kind that no manifest should have. */
export function kindOf({ apiVersion, kind }: Manifest): Kind | undefined {
  return KINDS[`${apiVersion}/${kind}`];
}

/** Where TypeScript finds the types of a module. */
export function typesOf(module: string): string {
  return require.resolve(module).replace(/\.js$/, '');
}

export function schemaErrors({ model }: Kind, manifest: Manifest): SchemaError[] {
  try {
    model(manifest as never).validate();
    return [];
  } catch (error) {
    const { errors } = error as { errors?: SchemaError[] };
    if (!errors) throw error;
    return errors;
  }
}

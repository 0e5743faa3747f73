/**
 * Spans on their way to a collector, as OTLP over HTTP. Loaded only when traces are wanted; the exporter reads the
 * standard `OTEL_…` variables itself.
 */
import { diag, DiagLogLevel, SpanKind, SpanStatusCode, TraceFlags, type HrTime } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Log } from '../log.ts';
import type { SpanRecord, SpanSink } from './execution-traces.ts';

export function otlpSink(process: string, log: Log): SpanSink {
  const warn = (message: string, ...rest: unknown[]): void =>
    void log.warn('traces', { reason: [message, ...rest].map(String).join(' ') });
  const quiet = (): void => undefined;
  diag.setLogger({ error: warn, warn, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.WARN);
  const processor = new BatchSpanProcessor(new OTLPTraceExporter());
  // What the environment says, `OTEL_SERVICE_NAME` first of all, goes over ours.
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': `noetl-${process}` }))
    .merge(detectResources({ detectors: [envDetector] }));
  return {
    add: (span) => processor.onEnd(readable(span, resource)),
    close: () => processor.shutdown(),
  };
}

function readable(span: SpanRecord, resource: ReadableSpan['resource']): ReadableSpan {
  const context = (spanId: string): ReturnType<ReadableSpan['spanContext']> => ({
    traceId: span.traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
  });
  const { spanId, parentSpanId, linkedSpanId, startMs, endMs, error } = span;
  return {
    name: span.name,
    kind: SpanKind.INTERNAL,
    spanContext: () => context(spanId),
    ...(parentSpanId !== undefined && { parentSpanContext: context(parentSpanId) }),
    startTime: hrTime(startMs),
    endTime: hrTime(endMs),
    duration: hrTime(endMs - startMs),
    status:
      error === undefined ? { code: SpanStatusCode.OK } : { code: SpanStatusCode.ERROR, message: error },
    attributes: span.attributes,
    links: linkedSpanId === undefined ? [] : [{ context: context(linkedSpanId) }],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: 'noetl' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function hrTime(ms: number): HrTime {
  const whole = Math.floor(ms / 1000);
  return [whole, Math.round((ms - whole * 1000) * 1e6)];
}

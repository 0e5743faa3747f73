/** Traces, when the environment asks for them. */
import type { Config } from '../config.ts';
import type { Service } from '../lifecycle.ts';
import type { Log } from '../log.ts';
import { ExecutionTraces, type TraceOrigin } from './execution-traces.ts';

/** Nothing of OpenTelemetry is loaded while traces are off. */
export async function startTraces(
  { traces }: Pick<Config, 'traces'>,
  process: string,
  origin: (executionId: string) => Promise<TraceOrigin | undefined>,
  log: Log,
): Promise<{ traces?: ExecutionTraces; service: Service }> {
  const idle = (): Promise<void> => Promise.resolve();
  if (!traces) return { service: { name: 'traces', start: idle, stop: idle } };
  const { otlpSink } = await import('./otlp.ts');
  const started = new ExecutionTraces(otlpSink(process, log), origin, log);
  return { traces: started, service: { name: 'traces', start: idle, stop: () => started.close() } };
}

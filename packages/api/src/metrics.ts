/** What an api process records besides what all processes do: requests, executions, decisions. */
import { TERMINAL_EVENTS, type EngineEvent } from '@noetl/protocol';
import type { Metrics } from '@noetl/service';

export interface ApiRecorder {
  /** `seconds` is absent for streams, which end when their reader goes. */
  request(of: { route: string; method: string; status: number; seconds?: number }): void;
  inFlight(change: 1 | -1): void;
  /** Of an execution, after the commit. */
  decided(events: readonly EngineEvent[]): void;
  /** One `advance`, whether there was anything to decide or not. */
  advanced(seconds: number, ok: boolean): void;
}

export function apiRecorder(metrics: Metrics): ApiRecorder {
  const requests = metrics.counter({
    name: 'noetl_http_requests_total',
    help: 'Requests answered.',
    labels: ['route', 'method', 'status'],
  });
  const seconds = metrics.histogram({
    name: 'noetl_http_request_duration_seconds',
    help: 'Time from request to answer, of those that are no streams.',
    labels: ['route', 'method'],
  });
  const inFlight = metrics.gauge({
    name: 'noetl_http_requests_in_flight',
    help: 'Requests and streams that are open.',
  });
  const started = metrics.counter({
    name: 'noetl_executions_started_total',
    help: 'Executions whose first steps this process has decided.',
  });
  const ended = metrics.counter({
    name: 'noetl_executions_ended_total',
    help: 'Executions whose end this process has decided.',
    labels: ['status'],
  });
  const decisions = metrics.histogram({
    name: 'noetl_advance_duration_seconds',
    help: 'Decisions on executions: read, decide, store, publish.',
    labels: ['outcome'],
  });
  return {
    request: ({ route, method, status, seconds: taken }) => {
      requests({ route, method, status: String(status) });
      if (taken !== undefined) seconds(taken, { route, method });
    },
    inFlight: (change) => inFlight.add(change),
    decided: (events) => {
      for (const { event_type, status } of events) {
        if (event_type === 'playbook.initialized') started();
        if (TERMINAL_EVENTS.includes(event_type)) ended({ status });
      }
    },
    advanced: (taken, ok) => decisions(taken, { outcome: ok ? 'ok' : 'failed' }),
  };
}

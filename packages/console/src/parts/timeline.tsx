/** When each step ran: one bar a step, from its first entry to its last exit, out of the newest events of steps. */
import { urlOf } from '../api.ts';
import type { EventRow } from '../answers.ts';
import { seconds } from '../format.ts';
import { useFetch } from '../live.ts';

const EVENTS_MAX = 200;
const TYPES = 'step.enter,step.exit,step.skipped,loop.done';
const ROW_PX = 26;
/** Percent that a bar takes at least. */
const VISIBLE = 0.5;

interface Bar {
  step: string;
  fromMs: number;
  toMs: number | null;
  failed: boolean;
}

export function Timeline({ id, version, ended }: { id: string; version: string; ended: string | null }) {
  const query = { types: TYPES, limit: EVENTS_MAX, results: false };
  const { data } = useFetch(urlOf('/api/executions/{id}/events', { path: { id }, query }), version);
  const bars = barsOf(data?.events ?? []);
  if (bars.length === 0) return null;
  const start = Math.min(...bars.map(({ fromMs }) => fromMs));
  const end = ended ? new Date(ended).getTime() : Date.now();
  const span = Math.max(1, end - start);
  const at = (ms: number): number => ((ms - start) / span) * 100;
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      <svg className="timeline" height={bars.length * ROW_PX} role="img" aria-label="When each step ran">
        {bars.map(({ step, fromMs, toMs, failed }, row) => {
          const x = at(fromMs);
          const width = Math.max(VISIBLE, at(toMs ?? end) - x);
          const took = `${step}, ${seconds(((toMs ?? end) - fromMs) / 1000)}${failed ? ', failed' : ''}`;
          const isLeft = x < 60;
          return (
            <g key={step} transform={`translate(0 ${String(row * ROW_PX)})`}>
              <rect
                className={failed ? 'bar bad' : toMs === null ? 'bar busy' : 'bar'}
                x={`${String(Math.min(x, 100 - VISIBLE))}%`}
                y={17}
                width={`${String(width)}%`}
                height={6}
                rx={2}
              />
              <text x={`${String(isLeft ? x : 100)}%`} y={12} textAnchor={isLeft ? 'start' : 'end'}>
                {took}
              </text>
            </g>
          );
        })}
      </svg>
    </section>
  );
}

function barsOf(events: EventRow[]): Bar[] {
  const bars = new Map<string, Bar>();
  for (const { event_type, node_name, created_at, status } of events) {
    const ms = new Date(created_at).getTime();
    const bar = bars.get(node_name) ?? { step: node_name, fromMs: ms, toMs: null, failed: false };
    const isEntry = event_type === 'step.enter';
    bars.set(node_name, { ...bar, toMs: isEntry ? null : ms, failed: status === 'FAILED' });
  }
  return [...bars.values()];
}

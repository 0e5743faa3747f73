/** What the aggregator records besides what all processes do: loops that it closes. */
import type { Metrics } from '@noetl/service';

export interface AggregatorRecorder {
  /** A loop was closed by this process. */
  closed(seconds: number): void;
}

export function aggregatorRecorder(metrics: Metrics): AggregatorRecorder {
  const closed = metrics.histogram({
    name: 'noetl_loop_close_duration_seconds',
    help: 'Loops closed: rows counted while the count is shown, results referred to, `loop.done` appended.',
  });
  return { closed };
}

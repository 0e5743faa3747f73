/** The index range of a loop in at most 1,000 cells, each with its worst state; a click goes to its first item. */
import type { LoopMap } from '../answers.ts';
import { count } from '../format.ts';

const COLUMNS = 50;
const CELL = 10;

interface Cell {
  from: number;
  to: number;
  state: 'failed' | 'running' | 'done' | 'part' | 'pending';
  /** Share that is done. */
  share: number;
}

export function HeatGrid({ map, onPick }: { map: LoopMap; onPick: (index: number) => void }) {
  const cells = cellsOf(map);
  const failed = cells.filter(({ state }) => state === 'failed').length;
  const done = cells.filter(({ state }) => state === 'done').length;
  const rows = Math.ceil(cells.length / COLUMNS);
  const size = `${String(COLUMNS * CELL)} ${String(rows * CELL)}`;
  return (
    <figure className="heat">
      <svg
        viewBox={`0 0 ${size}`}
        role="img"
        aria-label={`${String(cells.length)} cells: ${String(done)} without failure and done, ${String(failed)} with failures`}
      >
        {cells.map(({ from, to, state, share }, i) => (
          <g
            key={i}
            className={`cell ${state}`}
            transform={`translate(${String((i % COLUMNS) * CELL)} ${String(Math.floor(i / COLUMNS) * CELL)})`}
            onClick={() => onPick(from)}
          >
            <title>{`${count(from)} to ${count(to - 1)}: ${state}, ${String(Math.round(share * 100))} % done`}</title>
            <rect width={CELL - 1} height={CELL - 1} rx={1.5} />
            {state === 'failed' && <path d="M2 2 L7 7 M7 2 L2 7" />}
            {state === 'running' && <circle cx={4.5} cy={4.5} r={2} />}
          </g>
        ))}
      </svg>
      <figcaption className="legend">
        <Key state="done" name="done" />
        <Key state="failed" name="with failures" />
        <Key state="running" name="running" />
        <Key state="pending" name="not started" />
        <span>
          a cell is {count(Math.max(1, Math.round(map.total / Math.max(1, cells.length))))} of{' '}
          {count(map.total)}
        </span>
      </figcaption>
    </figure>
  );
}

function Key({ state, name }: { state: string; name: string }) {
  return (
    <span>
      <svg className="key" viewBox="0 0 9 9" aria-hidden="true">
        <g className={`cell ${state}`}>
          <rect width={9} height={9} rx={1.5} />
          {state === 'failed' && <path d="M2 2 L7 7 M7 2 L2 7" />}
          {state === 'running' && <circle cx={4.5} cy={4.5} r={2} />}
        </g>
      </svg>
      {name}
    </span>
  );
}

function cellsOf({ total, done, failed, running }: LoopMap): Cell[] {
  const n = done.length;
  const first = (bucket: number): number => Math.ceil((bucket * total) / n);
  const cells = done.map((items, bucket): Cell => {
    const [from, to] = [first(bucket), first(bucket + 1)];
    const share = to > from ? items / (to - from) : 0;
    const state = (failed[bucket] ?? 0) > 0 ? 'failed' : share >= 1 ? 'done' : share > 0 ? 'part' : 'pending';
    return { from, to, state, share };
  });
  for (const [from, to] of running) {
    const last = Math.min(n - 1, Math.floor(((to - 1) * n) / total));
    for (let bucket = Math.floor((from * n) / total); bucket <= last; bucket += 1) {
      const cell = cells[bucket];
      if (cell && (cell.state === 'part' || cell.state === 'pending')) cell.state = 'running';
    }
  }
  return cells;
}

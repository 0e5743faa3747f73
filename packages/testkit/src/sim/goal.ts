/** Where every run has to arrive once nothing goes wrong any more. */
import type { Bus } from './bus/bus.ts';
import type { Database } from './store/database.ts';
import { loopOf } from './store/loops.ts';

/** What is still missing; nothing when the run has arrived. */
export function missing(db: Database, bus: Bus, expected: number): string[] {
  const { execution, loop } = db.rows;
  const open = [...execution.values()].filter((row) => !row.ended);
  const unclosed = [...loop.values()].filter((row) => row.state !== 'done');
  const hidden = [...loop.values()].filter((row) => {
    const key = loopOf(row);
    return row.state === 'done' && !bus.kv.lostAt.has(key) && bus.kv.current(key) !== row.completed;
  });
  return [
    ...(execution.size < expected ? [`only ${String(execution.size)} executions exist`] : []),
    ...open.map((row) => `execution ${row.execution_id} is ${row.status}`),
    ...unclosed.map(
      (row) =>
        `loop ${loopOf(row)} is ${row.state} with ${String(row.completed)} of ${String(row.size)}, ` +
        `${String(row.open_chunks)} open chunks`,
    ),
    ...hidden.map(
      (row) =>
        `K/V shows ${String(bus.kv.current(loopOf(row)))} of loop ${loopOf(row)}, not ${String(row.completed)}`,
    ),
  ];
}

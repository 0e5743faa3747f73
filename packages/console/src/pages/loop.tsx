/** A loop, whatever its size: counters, speed, the whole index range at a glance, failures by cause, every item. */
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { Counters, LoopMap } from '../answers.ts';
import { urlOf, type LoopPath } from '../api.ts';
import { lasted, seconds, when, count } from '../format.ts';
import { useFetch, useLive, useThrottled, type Loaded } from '../live.ts';
import { CounterTiles } from '../parts/counter-tiles.tsx';
import { FailureGroups } from '../parts/failure-groups.tsx';
import { HeatGrid } from '../parts/heat-grid.tsx';
import { ItemBrowser } from '../parts/item-browser.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { RedriveButton } from '../parts/redrive-button.tsx';
import { RunControls } from '../parts/run-controls.tsx';
import { StackedBar } from '../parts/stacked-bar.tsx';
import { StatusMark } from '../parts/status.tsx';
import { Throughput } from '../parts/throughput.tsx';

/** How often the grid and the groups of failures follow a loop that runs. */
const MAP_EVERY_MS = 1_500;
const FAILURES_EVERY_MS = 3_000;
const BEHIND_MS = 3_000;

export function LoopPage({ id, step }: { id: string; step: string }) {
  const path = { id, step };
  const { data: loop, problem, reload } = useLive(urlOf('/api/executions/{id}/loops/{step}', { path }));
  const [target, setTarget] = useState<number>();
  const entry = loop && `${loop.loop_id} ${loop.status}`;
  const mapVersion = useThrottled(loop && `${String(entry)} ${String(loop.results_written)}`, MAP_EVERY_MS);
  const failureVersion = useThrottled(loop && `${String(entry)} ${String(loop.failed)}`, FAILURES_EVERY_MS);
  const map = useLoopMap(path, loop, mapVersion);
  return (
    <>
      <p className="crumbs">
        <Link href="/executions">Executions</Link> / <Link href={`/executions/${id}`}>{id}</Link>
      </p>
      <h1>
        {step} <small>loop</small>
      </h1>
      <ProblemBox problem={problem} />
      {loop && (
        <>
          <Head loop={loop} onChange={reload} />
          <CounterTiles loop={loop} />
          <StackedBar loop={loop} />
          <div className="columns">
            <section aria-labelledby="range">
              <h2 id="range">Index range</h2>
              <ProblemBox problem={map.problem} />
              {map.data && <HeatGrid map={map.data} onPick={setTarget} />}
            </section>
            <section aria-labelledby="speed">
              <h2 id="speed">Throughput</h2>
              {map.data && <Throughput map={map.data} />}
            </section>
          </div>
          {loop.failed > 0 && (
            <FailureGroups
              id={id}
              step={step}
              version={failureVersion}
              ended={loop.stop_date !== null}
              onRedriven={reload}
              onPick={setTarget}
            />
          )}
          <ItemBrowser
            key={loop.loop_id}
            path={path}
            loop={loop}
            target={target}
            onTarget={setTarget}
            onRedriven={reload}
          />
        </>
      )}
    </>
  );
}

/** The api may give an older map of a loop that runs: it is asked again until the map has all that is counted. */
function useLoopMap(path: LoopPath, loop: Counters | undefined, version: unknown): Loaded<LoopMap> {
  const map = useFetch(loop ? urlOf('/api/executions/{id}/loops/{step}/map', { path }) : null, version);
  const { data, reload } = map;
  const shown = data?.done.reduce((sum, items) => sum + items, 0) ?? 0;
  const isBehind = loop !== undefined && data !== undefined && shown < loop.results_written;
  useEffect(() => {
    if (!isBehind) return undefined;
    const timer = setTimeout(reload, BEHIND_MS);
    return () => clearTimeout(timer);
  }, [isBehind, data, reload]);
  return map;
}

function Head({ loop, onChange }: { loop: Counters; onChange: () => void }) {
  const { execution_id: id, step, status, paused, start_date, stop_date, items_per_second, eta, mode } = loop;
  const open = loop.pending + loop.running;
  return (
    <div className="head">
      <StatusMark status={status} paused={paused} />
      <span>
        {when(start_date)}, {lasted(start_date, stop_date, Date.now())}
      </span>
      <span>
        <strong>{count(Math.round(items_per_second))}</strong> items/s
      </span>
      {eta !== null && (
        <span>
          <strong>{seconds(eta)}</strong> left
        </span>
      )}
      <span className="faint">
        {mode}, entry {loop.epoch}
        {loop.run > 1 ? `, redriven in run ${String(loop.run)}` : ''}
      </span>
      {stop_date === null ? (
        <RunControls
          id={id}
          step={step}
          paused={paused}
          warning={`Cancels the whole execution; ${count(open)} items of this loop are not done.`}
        />
      ) : (
        loop.failed + loop.aborted > 0 && (
          <RedriveButton
            id={id}
            label="Redrive what is not done"
            body={{ step, state: 'incomplete' }}
            onRedriven={onChange}
          />
        )
      )}
    </div>
  );
}

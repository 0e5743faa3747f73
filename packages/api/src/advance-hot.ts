/**
 * The short way of `advance`, for executions whose state is in memory: read what has come since, decide, store. For
 * what appends events and commands, and for the end of what has nothing open; loops, a cancellation, stored values
 * that templates look into, and snapshots that are due go the long way, under the lock.
 */
import { decide, statusOf, type EngineInput } from '@noetl/engine';
import { idSource, type Id } from '@noetl/protocol';
import { commitPlain, newsSince } from '@noetl/store';
import { routed, type AdvanceDeps, type Published } from './advance.ts';
import { fold, SNAPSHOT_EVERY, terminalFacts, type HotState } from './folding.ts';

/** Undefined when the long way has to be gone; nothing has changed then. */
export async function advanceHot(
  deps: AdvanceDeps,
  executionId: Id,
  hot: HotState,
  input: EngineInput,
): Promise<Published | undefined> {
  const news =
    input.kind === 'start'
      ? { catalog_id: input.catalog_id, last_event_id: hot.version, events: [] }
      : await newsSince(deps.store, executionId, hot.version);
  if (!news) return undefined;
  const nothing = { commands: [], loops: [], events: [], woken: [], cancelled: [] };
  if (input.kind !== 'start' && news.last_event_id === hot.version) return { ...nothing, hot };
  const playbook = await deps.playbooks(news.catalog_id);
  const folded = fold(hot.state, news.events, playbook);
  const ids = idSource(news.last_event_id, deps.nowMs());
  const { env } = deps;
  const environment = { playbook, ids, nowMs: deps.nowMs(), env, values: () => undefined };
  const outcome = decide(folded, input, environment);
  if (outcome.kind === 'needs') return undefined;
  const { decision, state } = outcome;
  const { events, commands } = decision;
  const unsnapped = hot.unsnapped + news.events.length + events.length;
  const ends = state.phase !== 'running';
  if (decision.loops.length > 0 || (!ends && unsnapped >= SNAPSHOT_EVERY)) return undefined;
  const version = ids.last();
  const stored = await commitPlain(deps.store, {
    execution_id: executionId,
    expected: news.last_event_id,
    events,
    commands,
    last_event_id: version,
    status: statusOf(state),
    ...(ends && { end: terminalFacts(events) }),
  });
  if (!stored) return undefined;
  return { ...nothing, commands: commands.map(routed), events, hot: { state, version, unsnapped } };
}

/** The total tables of transitions: every status against every kind of event, no cell left out. */
import type { Phase, StepStatus } from './state.ts';

export type StepEvent = 'enter' | 'skip' | 'exit' | 'route' | 'reset';
export type PhaseEvent = 'start' | 'complete' | 'fail' | 'cancel' | 'redrive';

/** `ignored`: the event is late or repeated and changes nothing. */
type Next<S> = S | 'ignored';

export const STEP_TRANSITIONS: Record<StepStatus, Record<StepEvent, Next<StepStatus>>> = {
  waiting: { enter: 'running', skip: 'skipped', exit: 'ignored', route: 'ignored', reset: 'waiting' },
  running: { enter: 'ignored', skip: 'ignored', exit: 'exited', route: 'ignored', reset: 'ignored' },
  exited: { enter: 'ignored', skip: 'ignored', exit: 'ignored', route: 'completed', reset: 'ignored' },
  completed: { enter: 'running', skip: 'skipped', exit: 'ignored', route: 'ignored', reset: 'completed' },
  failed: { enter: 'running', skip: 'skipped', exit: 'ignored', route: 'ignored', reset: 'failed' },
  skipped: { enter: 'running', skip: 'ignored', exit: 'ignored', route: 'ignored', reset: 'waiting' },
};

export const PHASE_TRANSITIONS: Record<Phase, Record<PhaseEvent, Next<Phase>>> = {
  new: { start: 'running', complete: 'ignored', fail: 'ignored', cancel: 'cancelled', redrive: 'ignored' },
  running: {
    start: 'ignored',
    complete: 'completed',
    fail: 'failed',
    cancel: 'cancelled',
    redrive: 'ignored',
  },
  completed: {
    start: 'ignored',
    complete: 'ignored',
    fail: 'ignored',
    cancel: 'ignored',
    redrive: 'running',
  },
  failed: { start: 'ignored', complete: 'ignored', fail: 'ignored', cancel: 'ignored', redrive: 'running' },
  cancelled: {
    start: 'ignored',
    complete: 'ignored',
    fail: 'ignored',
    cancel: 'ignored',
    redrive: 'running',
  },
};

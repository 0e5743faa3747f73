/** What the api answers, by the names that the console has for it. */
import type { Schemas } from './api.ts';

export type ExecutionHead = Schemas['ExecutionHead'];
export type StepState = Schemas['StepState'];
export type Counters = Schemas['LoopCounters'];
export type Summary = Schemas['ExecutionSummary'];
export type Graph = Schemas['PlaybookGraph'];
export type LoopMap = Schemas['LoopMap'];
export type Item = Schemas['LoopItem'];
export type EventRow = Schemas['Event'];
export type DeadLetterGroup = Schemas['DeadLetters'];

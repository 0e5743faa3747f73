/** Postgres: the truth. Event log, catalog, executions, loops and chunks, stored values. */
export {
  createApiToken,
  hasApiTokens,
  listApiTokens,
  revokeApiToken,
  verifyApiToken,
  type ApiToken,
  type NewApiToken,
} from './api-token.ts';
export {
  countAudit,
  deleteAudit,
  listAudit,
  recordAudit,
  type AuditEntry,
  type AuditFilter,
  type AuditRow,
} from './audit.ts';
export { catalogCache } from './catalog-cache.ts';
export {
  findHead,
  findResource,
  listResources,
  listVersions,
  playbookHead,
  registerResource,
  type CatalogEntry,
  type CatalogHead,
  type Registered,
} from './catalog.ts';
export {
  createChild,
  descendants,
  isWithin,
  requestCancel,
  suspendCommand,
  wakeOverdue,
  type NewChild,
  type Woken,
} from './child.ts';
export { openChunks } from './chunk.ts';
export { closeLoop, countLoop, loopFacts, type LoopFacts } from './close-loop.ts';
export {
  chunkItems,
  externalise,
  loadValue,
  newValueId,
  listSize,
  readItems,
  readValue,
  writePage,
} from './collection.ts';
export { claimCommand, heartbeat, staleCommands, type Claim, type CommandKey } from './command.ts';
export {
  copyEncoded,
  copyIterations,
  encodeIterations,
  type IterationFacts,
  type IterationRow,
} from './copy.ts';
export { CopyBuffer } from './copy-buffer.ts';
export {
  deleteCredential,
  getCredential,
  listCredentials,
  readCredential,
  saveCredential,
  type CredentialRecord,
  type NewCredential,
} from './credential.ts';
export { connectStore, type Store, type StoreOptions, type Tx } from './database.ts';
export { commitDecision, type Committed, type StoredDecision } from './decision.ts';
export {
  eventsByPage,
  listEvents,
  stepResult,
  stepSummaries,
  type EventFilter,
  type EventRow,
  type StepSummary,
} from './event-log.ts';
export {
  catalogOf,
  countExecutions,
  createExecution,
  executionPayload,
  getExecution,
  isKeyTaken,
  listExecutions,
  pathOf,
  stuckExecutions,
  traceOrigin,
  withExecution,
  type ExecutionFilter,
  type ExecutionHead,
  type FreshExecution,
  type ExecutionRow,
  type LockedExecution,
  type NewExecution,
} from './execution.ts';
export {
  deleteFlowLimit,
  endFlowUse,
  flowLimitKeys,
  flowLimitsInUse,
  pauseFlow,
  postponeCommand,
  saveFlowLimit,
  takePermits,
  type FlowLimit,
  type FlowLimitUse,
  type PermitRequest,
} from './flow-limit.ts';
export { fillFrame, openFrames } from './frame.ts';
export { finishChunk, isStorable, type ChunkCommit, type FinishedChunk } from './finish-chunk.ts';
export { finishStep, type FinishedStep, type StepOutcome } from './finish-step.ts';
export {
  findLoops,
  getLoop,
  itemsInFlight,
  loopStats,
  loopResultsPage,
  type IterationPage,
  type IterationResult,
  type LoopKey,
  type LoopRow,
} from './loop.ts';
export { migrate } from './migrate.ts';
export {
  DATABASE_ROLES,
  grantPrivileges,
  loginName,
  makeLogins,
  PRIVILEGES,
  type DatabaseRole,
  type Login,
} from './privileges.ts';
export { openWork, overview, type Overview } from './overview.ts';
export { isBusy } from './maintenance-step.ts';
export {
  analyzeEvents,
  dropPartition,
  ensurePartitions,
  missingPartitions,
  mustAnalyze,
} from './partition.ts';
export {
  countEvents,
  countRows,
  markedExecutions,
  purgeExecutions,
  withLoops,
  type RowCounts,
} from './purge.ts';
export {
  expiredOf,
  markExpired,
  retentionCutoff,
  retentionSpans,
  unmarkedExecutions,
  waitsForDrop,
  type Span,
} from './retention.ts';
export {
  createSchedule,
  deleteSchedule,
  getSchedule,
  listSchedules,
  takeDueSchedule,
  updateSchedule,
  type MissedRuns,
  type ScheduleFields,
  type ScheduleRow,
  type Started,
} from './schedule.ts';
export { createSealer, type Sealer } from './sealer.ts';
export { dropExpired, dropKept, keepValue, listKept, type KeptRecord, type KeptValue } from './kept-value.ts';
export {
  beatRuntime,
  endRuntime,
  listRuntimes,
  poolCapacities,
  type LiveRuntime,
  type Runtime,
} from './runtime.ts';
export { readOnlySql } from './read-only-sql.ts';
export { nextChunkOf, standings, type Standing } from './turn.ts';
export { readVars, writeVars, type Variable } from './vars.ts';
export {
  getDelivery,
  openWebhook,
  redeliver,
  sealWebhook,
  settleDelivery,
  takeDeliveries,
  type Delivery,
  type DeliveryState,
  type WebhookTarget,
} from './webhook.ts';
export { keyUsage, rotateKeys, type KeyUsage, type Rotation } from './key-rotation.ts';
export { executionsToAdvance, overdueExecutions, filledLoops, runningLoops } from './sweep.ts';
export { commitPlain, newsSince, type News, type PlainDecision } from './plain-decision.ts';
export { expireLoop, expireStep, overdueLoops, overdueSteps, type OverdueStep } from './step-deadline.ts';
export { countFault, isPassing, writeCursor } from './command-fault.ts';
export { openCommands, setPaused } from './pause.ts';
export { loopMap, type LoopMap } from './loop-map.ts';
export { spanOf, toleratedOf } from './loop-rows.ts';
export { chosenIndexes } from './redrive-list.ts';
export {
  chooseItems,
  deadLetters,
  hasOpenLoops,
  isEmptySelector,
  newestLoops,
  previewRedrive,
  type Chosen,
  type DeadLetters,
  type RedriveSelector,
} from './redrive.ts';
export { STUCK_REASONS, whyStuck, workload, type StuckReason, type Workload } from './workload.ts';
export type { Database, LoopPhase } from './tables.ts';

/** What a step runs: one file per kind behind one interface. */
export type {
  Credential,
  ItemFailure,
  KeepOptions,
  LineBatch,
  ListWriter,
  OutcomeBlock,
  Permit,
  Tool,
  ToolBatch,
  ToolEnvironment,
  ToolItem,
  ToolOutcome,
  ValueStore,
} from './tool.ts';
export { secondsOf } from './artifact.ts';
export { PERMISSIONS, type Permission } from './allowed.ts';
export type { Isolation, IsolationLevel } from './isolation/isolation.ts';
export type { IsolationWishes } from './isolation/choose.ts';
export { prepareIsolation, type Prepared } from './isolation/prepare.ts';
export type { RunnerEnd } from './runner/pool.ts';
export type { JsonLines, TextSlice } from './json-lines.ts';
export { limitKeys } from './limit-keys.ts';
export { renderSql } from './sql/render.ts';
export { sqlBinding } from './sql/source.ts';
export { createToolbox, type Toolbox, type ToolboxOptions } from './toolbox.ts';

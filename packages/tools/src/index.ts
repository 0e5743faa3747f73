/** What a step runs: one file per kind behind one interface. */
export type {
  Credential,
  KeepOptions,
  LineBatch,
  ListWriter,
  Permit,
  OutcomeBlock,
  Tool,
  ToolBatch,
  ToolEnvironment,
  ToolItem,
  ToolOutcome,
  ValueStore,
} from './tool.ts';
export { secondsOf } from './artifact.ts';
export { limitKeys } from './limit-keys.ts';
export { createToolbox, type Toolbox, type ToolboxOptions } from './toolbox.ts';

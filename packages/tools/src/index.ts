/** What a step runs: one file per kind behind one interface. */
export type {
  Credential,
  KeepOptions,
  LineBatch,
  ListWriter,
  OutcomeBlock,
  Tool,
  ToolBatch,
  ToolEnvironment,
  ToolItem,
  ToolOutcome,
  ValueStore,
} from './tool.ts';
export { secondsOf } from './artifact.ts';
export { createToolbox, type Toolbox, type ToolboxOptions } from './toolbox.ts';

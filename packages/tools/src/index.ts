/** What a step runs: one file per kind behind one interface. */
export type {
  Credential,
  ListWriter,
  Tool,
  ToolBatch,
  ToolEnvironment,
  ToolItem,
  ToolOutcome,
  ValueStore,
} from './tool.ts';
export { createToolbox, type Toolbox, type ToolboxOptions } from './toolbox.ts';

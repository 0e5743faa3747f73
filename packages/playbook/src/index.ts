/** The playbook language: YAML to checked document, templates, normal form of both generations. */
export * from './document.ts';
export { PlaybookError } from './parse/faults.ts';
export { isWaiting, KNOWN_TOOL_KINDS, startsChild } from './parse/kinds.ts';
export { documentHead, parsePlaybook } from './parse/parse.ts';
export { compileTemplate, type CompiledTemplate } from './template/compile.ts';
export type { Scope } from './template/environment.ts';
export { namesIn, projectContext, references, type References } from './template/references.ts';
export { renderPieces, type Inserted, type Piece } from './template/pieces.ts';
export { evaluate, render, renderCode, renderInputs, renderNative, renderText } from './template/render.ts';
export { assignVars, mergeDeep, scopeOf } from './template/scope.ts';
export { nativeValue, NeedsValue, OutcomeView, StepView } from './template/value.ts';

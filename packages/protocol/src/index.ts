/** The words processes exchange. Everything else may import this; it imports nothing. */
export * from './access.ts';
export * from './command.ts';
export * from './error.ts';
export * from './event.ts';
export * from './id.ts';
export * from './json.ts';
export * from './loop-state.ts';
export * from './ref.ts';
export * from './window.ts';

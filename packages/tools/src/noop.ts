/** The tool that does nothing: its result is the literal `result`, or says so. */
import type { Tool } from './tool.ts';

export const noop: Tool = {
  kind: 'noop',
  schema: { type: 'object', properties: { result: { description: 'The value of the step.' } } },
  async *run({ config, items, environment }) {
    for (const _ of items) {
      environment.signal.throwIfAborted();
      const said = 'result' in config ? config['result'] : { status: 'noop', step: environment.step };
      const value = said ?? null;
      yield await Promise.resolve({
        status: 'ok' as const,
        text: JSON.stringify(value),
        stdout: '',
        duration_ms: 0,
      });
    }
  },
};

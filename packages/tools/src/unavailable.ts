/** Kinds that playbooks may name but no worker runs: each says at run time what to use instead. */
import { NoetlError } from '@noetl/protocol';
import { itemTool } from './item-tool.ts';
import type { Tool } from './tool.ts';

const INSTEAD: Record<string, string> = {
  agent: 'Call the agent through an `http` step, or run it as a child with a `playbook` step.',
  event_log: 'Nothing needs to be written: every step is in the event log already. It is for `sink` only.',
  gateway: 'Call the gateway through an `http` step.',
  gcs: 'Use an `http` step with the JSON API of Google Cloud Storage, or a `duckdb` step with a gcs credential.',
  iterator: 'Put `loop: {in: …, iterator: …}` on the step instead.',
  mcp: 'Call the MCP server through an `http` step (POST, JSON-RPC).',
  rhai: 'Write the script as a `python` or `javascript` step.',
  script: 'Use a `python` or `javascript` step with `script: {uri, source}`, or a `container` step.',
  secrets: 'Declare the values in `keychain` of the playbook, or store a credential: POST /api/credentials.',
  snowflake: 'Use an `http` step with the Snowflake SQL API (POST /api/v2/statements).',
  snowflake_transfer:
    'Unload with the Snowflake SQL API through an `http` step, and load with a `postgres` step.',
  wasm: 'Run the module with a runtime in a `container` or `shell` step.',
};

export const unavailable: Tool[] = Object.entries(INSTEAD).map(([kind, hint]) =>
  itemTool({
    kind,
    schema: { type: 'object', description: `Not available in this version. ${hint}` },
    timeout_s: 1,
    run: () => {
      const text = `the ${kind} tool is not available in this version: ${hint}`;
      return Promise.reject(new NoetlError('TOOL_UNAVAILABLE', text, { hint }));
    },
  }),
);

/** What playbooks may do on the worker itself, where its operator allows it: these tools step out of the sandbox of code. */
import { NoetlError } from '@noetl/protocol';
import { itemTool } from './item-tool.ts';
import type { Tool } from './tool.ts';

export const PERMISSIONS = ['shell', 'container', 'duckdb_files'] as const;

/** `shell` and `container`: the tools. `duckdb_files`: files of the worker in `duckdb` and `ducklake`. */
export type Permission = (typeof PERMISSIONS)[number];

/** The tool, or one of the same kind that refuses every call. */
export function allowedOnly(tool: Tool, permission: Permission, allowed: readonly Permission[]): Tool {
  if (allowed.includes(permission)) return tool;
  const { kind, schema } = tool;
  return itemTool({
    kind,
    schema,
    timeout_s: 1,
    run: () => Promise.reject(forbidden(`the ${kind} tool`, permission)),
  });
}

export function forbidden(what: string, permission: Permission): NoetlError {
  const hint = `An operator allows it for the pool with NOETL_TOOLS_ALLOWED=${permission}.`;
  return new NoetlError('TOOL_FORBIDDEN', `${what} is not allowed on this worker`, { hint });
}

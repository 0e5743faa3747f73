/** `set` blocks: variable names without the prefix of the one dictionary they all live in; and conditions. */
import { isJsonObject, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import type { Assignments } from '../document.ts';
import type { Findings } from '../parse/faults.ts';
import type { Path } from '../parse/yaml.ts';
import { compileExpression } from '../template/compile.ts';

const PREFIX = /^(ctx|workload|vars)\./;

/** A mapping, or a list of `{name, value}` or of mappings. */
export function assignments(value: Json | undefined): Assignments {
  if (Array.isArray(value)) {
    const parts = value.filter(isJsonObject).map((item) => {
      const isNamed = typeof item['name'] === 'string' && 'value' in item;
      return isNamed ? { [item['name'] as string]: item['value'] ?? null } : item;
    });
    return assignments(Object.assign({}, ...parts) as JsonObject);
  }
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, template]) => [name.replace(PREFIX, ''), template]),
  );
}

/** Conditions are text or a constant; anything else counts by its truth. Text without braces is an expression. */
export function condition(
  value: Json | undefined,
  path: Path,
  findings: Findings,
): string | boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') return Boolean(value);
  if (isBare(value)) checkExpression(value, path, findings);
  return value;
}

/** False for text with template marks, which is checked with all other templates. */
function isBare(text: string): boolean {
  return !/\{\{|\{%|\{#/.test(text);
}

function checkExpression(text: string, path: Path, findings: Findings): void {
  try {
    compileExpression(text);
  } catch (error) {
    if (!(error instanceof NoetlError)) throw error;
    const hint = 'Without braces a condition is an expression, such as: output.status == "ok".';
    findings.fault(error.code, path, error.message, hint);
  }
}

/** Templates of SQL: what they insert is bound or escaped, never SQL by itself. */
import { render, renderPieces, type Scope } from '@noetl/playbook';
import type { Json } from '@noetl/protocol';
import { placed, type Binding } from './place.ts';

/** A text of SQL or a list of them; `at` is the place that errors tell. Throws SQL_UNSAFE and what templates throw. */
export function renderSql(template: Json, scope: Scope, binding: Binding, at: string): Json {
  if (typeof template === 'string') return placed(renderPieces(template, scope, at), binding);
  if (!Array.isArray(template)) return render(template, scope, at);
  return template.map((item, index) => renderSql(item, scope, binding, `${at}[${String(index)}]`));
}

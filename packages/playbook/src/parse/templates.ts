/** Every template of a document must be readable; program text is left to its own language. */
import { isJsonObject, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { compileExpression, compileTemplate } from '../template/compile.ts';
import type { Findings } from './faults.ts';
import type { Path } from './place.ts';

/** Parts of a document whose text is rendered. */
const RENDERED = ['workload', 'vars', 'keychain', 'workbook', 'workflow'];
/** Keys whose text is a program or prose, where braces mean other things. */
const NOT_TEMPLATES = new Set(['code', 'script', 'desc', 'description', 'assert']);

export function checkTemplates(document: JsonObject, findings: Findings): void {
  for (const part of RENDERED) check(document[part] ?? null, [part], findings);
}

/** A condition may be written without braces; the others are among the templates. */
export function checkExpression(text: string, path: Path, findings: Findings): void {
  if (/\{\{|\{%|\{#/.test(text)) return;
  attempt(() => compileExpression(text), path, findings);
}

function check(value: Json, path: Path, findings: Findings): void {
  if (typeof value === 'string') {
    attempt(() => compileTemplate(value), path, findings);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => check(item, [...path, index], findings));
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (!NOT_TEMPLATES.has(key)) check(item, [...path, key], findings);
    }
  }
}

function attempt(compile: () => unknown, path: Path, findings: Findings): void {
  try {
    compile();
  } catch (error) {
    if (!(error instanceof NoetlError)) throw error;
    findings.fault(error.code, path, error.message);
  }
}

/** Every template of a document must be readable; program text is left to its own language. */
import { isJsonObject, NoetlError, type Json } from '@noetl/protocol';
import { compileTemplate } from '../template/compile.ts';
import type { Findings } from './faults.ts';
import type { Path } from './yaml.ts';

/** Keys whose text is a program or prose, where braces mean other things. */
const NOT_TEMPLATES = new Set(['code', 'script', 'desc', 'description', 'assert']);

export function checkTemplates(value: Json, findings: Findings, path: Path = []): void {
  if (typeof value === 'string') {
    checkText(value, findings, path);
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => checkTemplates(item, findings, [...path, index]));
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (key === 'sql_mode' && item === 'text') warnOfText(findings, [...path, key]);
      if (!NOT_TEMPLATES.has(key)) checkTemplates(item, findings, [...path, key]);
    }
  }
}

function warnOfText(findings: Findings, path: Path): void {
  const message = 'what templates insert here goes into SQL as it is';
  findings.warn('SQL_TEXT', path, message, 'Make sure that it is never data of somebody else.');
}

function checkText(text: string, findings: Findings, path: Path): void {
  if (/\|\s*sqlsafe\b/.test(text)) warnOfText(findings, path);
  try {
    compileTemplate(text);
  } catch (error) {
    if (!(error instanceof NoetlError)) throw error;
    findings.fault(error.code, path, error.message);
  }
}

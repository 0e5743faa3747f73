/** Playbooks with the mistakes people make: each is refused with the code, the place and a hint that help. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { ERRORS } from '@noetl/protocol';
import { parsePlaybook, PlaybookError, type Diagnostic } from '../index.ts';

const FOLDER = new URL('../../broken/', import.meta.url);

type Fault = [code: string, line: number, column: number];

const BROKEN: [file: string, ...faults: Fault[]][] = [
  ['anchors_bomb', ['YAML_LIMIT', 8, 42]],
  ['bad_indentation', ['YAML_SYNTAX', 7, 13]],
  ['bad_mode', ['NEXT_FORM', 9, 9]],
  ['bad_on_error', ['PLAYBOOK_INVALID', 6, 5]],
  ['bare_condition', ['TEMPLATE_SYNTAX', 10, 11]],
  ['colon_in_text', ['YAML_SYNTAX', 6, 11]],
  ['conditional_next_list', ['NEXT_FORM', 8, 9]],
  ['duplicate_step', ['STEP_DUPLICATE', 11, 5]],
  ['duplicate_task', ['STEP_DUPLICATE', 9, 9]],
  ['input_is_text', ['PLAYBOOK_INVALID', 8, 7]],
  ['jump_to_nothing', ['STEP_UNKNOWN', 16, 34]],
  ['limit_is_number', ['PLAYBOOK_INVALID', 8, 5]],
  ['loop_without_in', ['PLAYBOOK_INVALID', 6, 5]],
  ['missing_metadata', ['PLAYBOOK_INVALID', 1, 1]],
  ['newlines_lost', ['YAML_NEWLINES_LOST', 1, 1]],
  ['no_workflow', ['PLAYBOOK_INVALID', 1, 1]],
  ['proto_key', ['KEY_FORBIDDEN', 9, 9]],
  ['tab', ['YAML_SYNTAX', 8, 1]],
  ['template_syntax', ['TEMPLATE_SYNTAX', 10, 7]],
  ['tool_missing', ['TOOL_REQUIRED', 5, 5]],
  ['two_at_once', ['TOOL_KIND_UNKNOWN', 6, 12], ['STEP_UNKNOWN', 7, 20]],
  ['unclosed_quote', ['YAML_SYNTAX', 6, 11]],
  ['unknown_action', ['PLAYBOOK_INVALID', 13, 22]],
  ['unknown_step', ['STEP_UNKNOWN', 9, 11]],
  ['unknown_tool_kind', ['TOOL_KIND_UNKNOWN', 7, 7]],
  ['unquoted_template', ['TEMPLATE_SYNTAX', 9, 12]],
  ['unquoted_template_in_text', ['YAML_SYNTAX', 9, 30]],
  ['unresolved_alias', ['YAML_SYNTAX', 6, 11]],
  ['wrong_type', ['PLAYBOOK_INVALID', 4, 1]],
];

function faultsOf(text: string): Diagnostic[] {
  try {
    parsePlaybook(text);
  } catch (error) {
    if (error instanceof PlaybookError) return error.faults;
    throw error;
  }
  return [];
}

test.each(BROKEN)('%s', (file, ...expected) => {
  const faults = faultsOf(readFileSync(new URL(`${file}.yaml`, FOLDER), 'utf8'));
  expect(faults.map(({ code, place }) => [code, place.line, place.column])).toEqual(expected);
  for (const { code, hint, message } of faults) {
    expect(Object.keys(ERRORS)).toContain(code);
    expect([message.length > 10, hint.length > 10]).toEqual([true, true]);
  }
});

test('every broken playbook is in the table', () => {
  const files = readdirSync(fileURLToPath(FOLDER)).filter((file) => file.endsWith('.yaml'));
  expect(files.sort()).toEqual(BROKEN.map(([file]) => `${file}.yaml`).sort());
});

test.each([['tool_missing', 'KEY_UNKNOWN', 'Did you mean "tool"?']])(
  '%s warns, too: %s',
  (file, code, hint) => {
    let warnings: Diagnostic[] = [];
    try {
      parsePlaybook(readFileSync(new URL(`${file}.yaml`, FOLDER), 'utf8'));
    } catch (error) {
      if (error instanceof PlaybookError) ({ warnings } = error);
    }
    expect(warnings).toEqual([expect.objectContaining({ code, hint })]);
  },
);

/** Loops of both generations, and cursor loops, which are kept as written. */
import { isJsonObject, jsonText, type Json, type JsonObject } from '@noetl/protocol';
import type { CursorSpec, LoopSpec } from '../document.ts';
import { suggestion, type Findings } from '../parse/faults.ts';
import type { Path } from '../parse/yaml.ts';
import { mapping } from './tool.ts';

const MODES = ['sequential', 'parallel', 'async', 'cursor'];
const KEYS = [
  'in',
  'collection',
  'iterator',
  'element',
  'mode',
  'spec',
  'max_in_flight',
  'cursor',
  'desc',
  'policy',
];

export function loopSpec(loop: JsonObject, path: Path, findings: Findings): LoopSpec {
  findings.knownKeys(loop, KEYS, path);
  const spec = mapping(loop['spec']);
  const cursor = isJsonObject(loop['cursor']) ? loop['cursor'] : undefined;
  const collection = loop['in'] ?? loop['collection'];
  if (collection === undefined && !cursor)
    findings.fault(
      'PLAYBOOK_INVALID',
      path,
      'the loop has no `in`: what does it loop over?',
      'Add `in`, for example `in: "{{ start.items }}"`.',
    );
  findings.knownKeys(spec, ['mode', 'max_in_flight', 'policy', 'frame', 'exec'], [...path, 'spec']);
  const policy = { ...mapping(loop['policy']), ...mapping(spec['policy']) };
  const onError = policy['on_error'] ?? 'fail';
  if (onError !== 'fail' && onError !== 'continue') {
    const hint = suggestion(jsonText(onError), ['fail', 'continue']) ?? 'Use fail or continue.';
    findings.fault('PLAYBOOK_INVALID', path, `on_error cannot be "${jsonText(onError)}"`, hint);
  }
  const maxInFlight = spec['max_in_flight'] ?? loop['max_in_flight'];
  return {
    in: collection ?? null,
    iterator: text(loop['iterator']) ?? text(loop['element']) ?? 'item',
    mode: modeOf(spec['mode'] ?? loop['mode'], path, findings),
    on_error: onError === 'continue' ? 'continue' : 'fail',
    ...(maxInFlight !== undefined && maxInFlight !== null && { max_in_flight: maxInFlight }),
    exec: (policy['exec'] ?? spec['exec']) === 'local' ? 'local' : 'distributed',
    ...toleratedOf(policy['tolerated_failure'] ?? policy['tolerated_failures']),
    ...(cursor && { cursor: cursorSpec(cursor, mapping(spec['frame']), [...path, 'cursor'], findings) }),
  };
}

/** `{count, percent}`, or a number of items. */
function toleratedOf(written: Json | undefined): Pick<LoopSpec, 'tolerated'> {
  if (written === undefined || written === null) return {};
  if (!isJsonObject(written)) return { tolerated: { count: written } };
  const { count, percent, percentage } = written;
  const share = percent ?? percentage;
  return {
    tolerated: { ...(count !== undefined && { count }), ...(share !== undefined && { percent: share }) },
  };
}

const MAX_ROWS = 100;

function cursorSpec(cursor: JsonObject, frame: JsonObject, path: Path, findings: Findings): CursorSpec {
  const { kind, claim, ...rest } = cursor;
  if (typeof claim !== 'string') {
    findings.fault(
      'PLAYBOOK_INVALID',
      path,
      'the cursor has no `claim`',
      'Add `claim`: SQL that takes rows and returns them.',
    );
  }
  return {
    kind: text(kind) ?? 'postgres',
    config: { ...rest, query: claim ?? '' },
    max_rows: frame['max_rows'] ?? MAX_ROWS,
    row_concurrency: frame['row_concurrency'] ?? 1,
    process: frame['process'] === 'frame' ? 'frame' : 'row',
  };
}

function modeOf(written: Json | undefined, path: Path, findings: Findings): LoopSpec['mode'] {
  const mode = text(written)?.toLowerCase() ?? 'sequential';
  if (!MODES.includes(mode)) {
    findings.fault(
      'PLAYBOOK_INVALID',
      path,
      `the loop's mode cannot be "${mode}"`,
      suggestion(mode, MODES) ?? 'Use sequential or parallel.',
    );
  }
  return mode === 'sequential' ? 'sequential' : 'parallel';
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Loops of both generations, and cursor loops, which are kept as written. */
import { isJsonObject, jsonText, type Json, type JsonObject } from '@noetl/protocol';
import type { LoopSpec } from '../document.ts';
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
  findings.knownKeys(spec, ['mode', 'max_in_flight', 'policy', 'frame'], [...path, 'spec']);
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
    ...(cursor && { cursor }),
  };
}

function modeOf(written: Json | undefined, path: Path, findings: Findings): LoopSpec['mode'] {
  const mode = text(written) ?? 'sequential';
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

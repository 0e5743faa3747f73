/** The tool `artifact`: reads a stored value by its reference, or keeps one. */
import {
  hole,
  isJsonObject,
  jsonText,
  NoetlError,
  parseRef,
  type Json,
  type JsonObject,
} from '@noetl/protocol';
import { itemTool, type ToolCall } from './item-tool.ts';
import { first, textSetting } from './settings.ts';

const TIMEOUT_S = 60;
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    action: {
      enum: ['get', 'put'],
      description: 'get reads what a reference stands for, put keeps a value.',
    },
    input: { description: 'get: {result_ref}; put: {data, name, scope, ttl}.' },
  },
};

export const artifact = itemTool({ kind: 'artifact', schema: SCHEMA, timeout_s: TIMEOUT_S, run });

async function run({ config, input, environment }: ToolCall): Promise<Json> {
  const settings = { ...config, ...input };
  const action = textSetting(settings, 'action', 'operation') ?? 'get';
  const { values } = environment;
  if (action === 'get') return read(settings, values);
  if (action !== 'put')
    throw new NoetlError('TOOL_CONFIG', `artifact: there is no action "${action}"; use get or put`);
  const data = first(settings, 'data', 'value', 'content') ?? null;
  const { _ref } = await values.keep(JSON.stringify(data), keepOptions(settings));
  return { status: 'success', ref: _ref.ref, result_ref: _ref, bytes: _ref.bytes };
}

/** The reference may be the mapping under `_ref`, its text, or a value that has one. */
async function read(settings: JsonObject, values: ToolCall['environment']['values']): Promise<Json> {
  const written = first(settings, 'result_ref', 'ref', 'uri', '_ref');
  // A reference in a mapping of its own has been filled in on the way here.
  if (isJsonObject(written) && typeof written['ref'] !== 'string') return written;
  const text = isJsonObject(written) ? written['ref'] : written;
  const parsed = typeof text === 'string' ? parseRef(text) : undefined;
  if (!parsed || typeof text !== 'string') {
    const message = `artifact get: REFERENCE_NOT_AVAILABLE: ${jsonText(text ?? null)} is no reference to a stored value`;
    throw new NoetlError('VALUE_MISSING', message, { kind: 'missing_reference' });
  }
  if (parsed.kind === 'value') return JSON.parse(await values.value(text)) as Json;
  return hole({ kind: parsed.kind, ref: text, count: await values.size(text), bytes: 0 });
}

function keepOptions(settings: JsonObject) {
  const name = textSetting(settings, 'name');
  const scope = textSetting(settings, 'scope');
  const ttl_s = secondsOf(first(settings, 'ttl', 'ttl_seconds'));
  return {
    ...(name !== undefined && { name }),
    ...(scope !== undefined && { scope }),
    ...(ttl_s !== undefined && { ttl_s }),
  };
}

/** Seconds, or a number with a unit: `90`, `"15m"`, `"1h"`, `"7d"`. */
export function secondsOf(written: Json | undefined): number | undefined {
  if (written === undefined || written === null) return undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*$/.exec(jsonText(written));
  if (!match)
    throw new NoetlError('TOOL_CONFIG', `\`ttl\` must be seconds or like "1h", not ${jsonText(written)}`);
  return Number(match[1]) * (UNITS[match[2] === '' ? 's' : (match[2] as string)] as number);
}

/** What a container step asks for, read from its configuration: only the fields here reach an engine. */
import { createHash } from 'node:crypto';
import { jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import type { CommandEnd } from '../process/command.ts';
import { FailedWith, type ToolCall } from '../item-tool.ts';
import { fillHoles } from '../runner/inputs.ts';
import { first, mappingSetting, numberSetting, requiredText, textSetting } from '../settings.ts';

export interface ContainerSpec {
  /** The same for a redelivery of the same attempt. */
  name: string;
  image: string;
  /** Replaces the entrypoint of the image. */
  command: string[];
  args: string[];
  env: Record<string, string>;
  /** CPUs. */
  cpu?: number;
  /** Bytes. */
  memory?: number;
  namespace?: string;
  timeoutS: number;
  /** JSON text of the input. */
  input: string;
}

const TIMEOUT_S = 3_600;
const TAIL = 2_000;
const UNITS: Record<string, number> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
};

/** Throws TOOL_CONFIG naming the key. */
export async function specOf({
  config,
  input,
  environment,
  idempotency_key,
  attempt,
}: ToolCall): Promise<ContainerSpec> {
  const image = requiredText(config, 'container', 'image');
  if (!/^[\w][\w.\-/:@]*$/.test(image)) throw refused('image', image, 'the name of an image');
  const key = `${environment.execution_id}/${idempotency_key}/${String(attempt)}`;
  const resources = mappingSetting(config, 'resources') ?? {};
  const limits = mappingSetting(resources, 'limits', 'requests') ?? resources;
  const cpu = textSetting(limits, 'cpu');
  const memory = textSetting(limits, 'memory');
  const namespace = textSetting(config, 'namespace');
  const filled = await fillHoles(input, environment.values);
  return {
    name: `noetl-${createHash('sha256').update(key).digest('hex').slice(0, 24)}`,
    image,
    command: commandOf(first(config, 'command')),
    args: listOf(first(config, 'args', 'arguments')),
    env: variables(config),
    timeoutS: numberSetting(config, 'timeout_seconds') ?? TIMEOUT_S,
    input: JSON.stringify(filled.value),
    ...(cpu !== undefined && { cpu: cpus(cpu) }),
    ...(memory !== undefined && { memory: bytes(memory) }),
    ...(namespace !== undefined && { namespace }),
  };
}

/** The result, or TOOL_FAILED with it. */
export function resultOf({ stdout, stderr, exit_code }: CommandEnd, image: string): Json {
  const status = exit_code === 0 ? 'success' : 'error';
  const value = { status, exit_code, stdout, stderr };
  if (exit_code === 0) return value;
  const tail = (stderr.trim() === '' ? stdout : stderr).trim().slice(-TAIL);
  const message = `the container of ${image} ended with exit code ${String(exit_code)}${tail === '' ? '' : `: ${tail}`}`;
  throw new FailedWith(
    new NoetlError('TOOL_FAILED', message, { details: { exit_code, stderr: tail } }),
    value,
  );
}

/** Text is for the shell of the image. */
function commandOf(written: Json | undefined): string[] {
  return typeof written === 'string' ? ['/bin/sh', '-c', written] : listOf(written);
}

function listOf(written: Json | undefined): string[] {
  if (written === undefined) return [];
  return Array.isArray(written) ? written.map(jsonText) : [jsonText(written)];
}

/** A mapping, or a list of {name, value} as Kubernetes writes it. */
function variables(config: JsonObject): Record<string, string> {
  const written = first(config, 'env');
  const entries = Array.isArray(written)
    ? written.map((item) => pair(item))
    : Object.entries(mappingSetting(config, 'env') ?? {});
  for (const [name] of entries) {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw refused('env', name, 'names of letters, digits and _');
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, value === null ? '' : jsonText(value)]));
}

function pair(item: Json): [string, Json] {
  const entry = item as JsonObject | null;
  return [jsonText(entry?.['name'] ?? ''), entry?.['value'] ?? null];
}

function cpus(written: string): number {
  const number = written.endsWith('m') ? Number(written.slice(0, -1)) / 1000 : Number(written);
  if (number > 0) return number;
  throw refused('resources.cpu', written, 'a number of CPUs such as 0.5 or 500m');
}

function bytes(written: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmg]?i?)b?$/i.exec(written) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  if (number !== '' && factor !== undefined) return Math.round(Number(number) * factor);
  throw refused('resources.memory', written, 'a size such as 256Mi');
}

function refused(key: string, written: string, wanted: string): NoetlError {
  return new NoetlError('TOOL_CONFIG', `\`${key}\` must be ${wanted}, not "${written}"`);
}

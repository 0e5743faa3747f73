/**
 * Programs and SQL that a playbook keeps elsewhere: `script: {uri, source: {type: inline | file | http}}` becomes the
 * text it stands for, for every tool that runs text.
 */
import { readFile, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import {
  errorInfo,
  isJsonObject,
  jsonText,
  NoetlError,
  type ErrorInfo,
  type Json,
  type JsonObject,
} from '@noetl/protocol';
import { FailedWith } from './item-tool.ts';
import { refusedLines } from './runner/outcomes.ts';
import { textSetting } from './settings.ts';
import type { LineBatch, Tool, ToolBatch, ToolEnvironment, ToolOutcome } from './tool.ts';

/** Of a batch, what reading a script needs. */
type ScriptReader = Pick<ToolBatch, 'environment'>;

const FETCH_TIMEOUT_MS = 60_000;

export interface ScriptDeps {
  /** Folder that `type: file` reads from; without one, files are not available. */
  folder?: string;
  /** Sends a request of the http tool. */
  http: (config: JsonObject, environment: ToolEnvironment) => Promise<Json>;
}

/** The same tool, with `script` read into the key that holds its text. */
export function withScripts(tool: Tool, key: 'code' | 'command', deps: ScriptDeps): Tool {
  const stream = tool.stream?.bind(tool);
  return {
    ...tool,
    run: (batch) => withText(batch, key, deps, (whole) => tool.run(whole), refusedItems),
    ...(stream && { stream: (batch: LineBatch) => withText(batch, key, deps, stream, refusedLines) }),
  };
}

async function* withText<Batch extends ToolBatch | LineBatch, Told>(
  batch: Batch,
  key: string,
  deps: ScriptDeps,
  run: (batch: Batch) => AsyncIterable<Told>,
  refuse: (batch: Batch, error: ErrorInfo) => AsyncIterable<Told> | Iterable<Told>,
): AsyncGenerator<Told> {
  const { script, ...rest } = batch.config;
  if (script === undefined || script === null) {
    yield* run(batch);
    return;
  }
  let text: string;
  try {
    text = await scriptText(script, batch, deps);
  } catch (error) {
    batch.environment.signal.throwIfAborted();
    yield* refuse(batch, errorInfo(error instanceof FailedWith ? error.failure : error));
    return;
  }
  yield* run({ ...batch, config: { ...rest, [key]: text } });
}

function* refusedItems({ items, stop_on_error }: ToolBatch, error: ErrorInfo): Generator<ToolOutcome> {
  for (const _ of items) {
    yield { status: 'error', error, stdout: '', duration_ms: 0 };
    if (stop_on_error === true) return;
  }
}

async function scriptText(script: Json, batch: ScriptReader, deps: ScriptDeps): Promise<string> {
  if (typeof script === 'string') return script;
  if (!isJsonObject(script)) throw new NoetlError('TOOL_CONFIG', '`script` must be text, or {uri, source}');
  const source = isJsonObject(script['source']) ? script['source'] : {};
  const code = textSetting(source, 'code') ?? textSetting(script, 'code');
  if (code !== undefined) return code;
  const uri = textSetting(script, 'uri', 'path', 'url') ?? textSetting(source, 'uri', 'path') ?? '';
  const type = textSetting(source, 'type') ?? (/^https?:/.test(uri) ? 'http' : 'file');
  switch (type) {
    case 'file':
      return fileText(uri, deps.folder);
    case 'http':
    case 'https':
      return fetched(uri, source, batch, deps);
    default:
      throw new NoetlError('TOOL_UNAVAILABLE', `scripts of source type "${type}" are not available`, {
        hint: 'Use inline, file or http.',
      });
  }
}

/** Nothing outside the folder is read, whatever the path says. */
async function fileText(uri: string, folder: string | undefined): Promise<string> {
  if (folder === undefined) {
    throw new NoetlError(
      'TOOL_UNAVAILABLE',
      `the script ${uri} is a file, and no folder of scripts is configured`,
      {
        hint: 'Set NOETL_SCRIPTS_DIR for the workers, or use source type inline or http.',
      },
    );
  }
  const file = resolve(folder, uri.replace(/^file:\/\//, ''));
  try {
    // Before the links are followed as well: what lies outside is not even looked for.
    if (!isInside(folder, file) || !isInside(await realpath(folder), await realpath(file)))
      throw new NoetlError('TOOL_CONFIG', `the script ${uri} is outside the folder of scripts`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof NoetlError) throw error;
    throw new NoetlError('TOOL_FAILED', `the script ${uri} cannot be read: ${(error as Error).message}`);
  }
}

function isInside(folder: string, file: string): boolean {
  const way = relative(folder, file);
  return !isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`);
}

/** `source.endpoint` is the whole URL, or what `uri` is relative to. */
async function fetched(
  uri: string,
  source: JsonObject,
  batch: ScriptReader,
  deps: ScriptDeps,
): Promise<string> {
  const { type: _, code: __, endpoint, ...settings } = source;
  const base = endpoint === undefined || endpoint === null ? undefined : jsonText(endpoint);
  const url = base === undefined || /^https?:/.test(uri) ? uri : joined(base, uri);
  const { environment } = batch;
  const late = AbortSignal.timeout(FETCH_TIMEOUT_MS);
  const signal = AbortSignal.any([environment.signal, late]);
  const answer = await deps.http({ ...settings, url }, { ...environment, signal }).catch((error: unknown) => {
    if (!late.aborted) throw error;
    throw new NoetlError('TOOL_TIMEOUT', `the script ${url} did not come within a minute`, {
      kind: 'timeout',
    });
  });
  const text = isJsonObject(answer) ? answer['data'] : null;
  if (typeof text === 'string') return text;
  throw new NoetlError('TOOL_FAILED', `the script ${url} is no text`);
}

function joined(base: string, uri: string): string {
  return uri === '' || base.endsWith(uri) ? base : `${base.replace(/\/$/, '')}/${uri.replace(/^\//, '')}`;
}

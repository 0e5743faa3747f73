/** The request that a configuration of the http tool describes. */
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { FormData } from 'undici';
import { first, mappingSetting, requiredText, textSetting } from '../settings.ts';

export interface HttpRequest {
  method: string;
  url: URL;
  headers: Headers;
  body?: string | FormData;
  /** Headers that only the origin of `url` may see. */
  secret: Set<string>;
  /** Parameters of the query that are not told. */
  hidden: Set<string>;
}

const WITHOUT_BODY = new Set(['GET', 'HEAD']);
const DATA_IN_QUERY = new Set(['GET', 'HEAD', 'DELETE']);
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** `hosts`: base URLs that are reached at another address. Throws TOOL_CONFIG. */
export function requestOf(config: JsonObject, hosts: Record<string, string>): HttpRequest {
  const method = (textSetting(config, 'method') ?? 'GET').toUpperCase();
  if (!METHODS.has(method)) throw new NoetlError('TOOL_CONFIG', `\`method\` cannot be "${method}"`);
  const url = urlOf(requiredText(config, 'http', 'url', 'endpoint', 'uri'), hosts);
  const headers = headersOf(mappingSetting(config, 'headers') ?? {});
  const { query, body } = dataOf(config, method);
  for (const [name, value] of Object.entries({
    ...(mappingSetting(config, 'params', 'query_params') ?? {}),
    ...query,
  }))
    for (const text of textsOf(value)) url.searchParams.append(name, text);
  const secret = new Set(['authorization', 'cookie']);
  const request: HttpRequest = { method, url, headers, secret, hidden: new Set() };
  if (WITHOUT_BODY.has(method)) return request;
  const form = mappingSetting(config, 'form');
  const files = mappingSetting(config, 'files');
  if (files) {
    // What is sent tells the boundary between its parts.
    headers.delete('content-type');
    return { ...request, body: multipart(files, form ?? body) };
  }
  if (form) return { ...request, body: encoded(headers, form) };
  if (body === undefined) return request;
  return { ...request, body: bodyText(headers, body, first(config, 'json') === body) };
}

/** Throws TOOL_CONFIG. */
export function urlOf(text: string, hosts: Record<string, string>): URL {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new NoetlError('TOOL_CONFIG', `\`url\` is not a URL of http or https: "${text}"`);
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    throw new NoetlError('TOOL_CONFIG', '`url` holds a user name or a password', {
      hint: 'Give them as a credential of type basic: `auth: <name>`.',
    });
  const instead = hosts[url.origin];
  return instead === undefined ? url : new URL(`${instead}${url.pathname}${url.search}`);
}

function headersOf(written: JsonObject): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(written)) {
    if (value === null) continue;
    setHeader(headers, name, jsonText(value));
  }
  return headers;
}

/** Throws TOOL_CONFIG, which does not tell the value. */
export function setHeader(headers: Headers, name: string, value: string): void {
  try {
    headers.set(name, value);
  } catch {
    throw new NoetlError(
      'TOOL_CONFIG',
      `the header "${name}" has a name or a value that HTTP does not allow`,
    );
  }
}

/** What goes into the query and what into the body, from `json`, `payload`, `body` and `data`. */
function dataOf(config: JsonObject, method: string): { query: JsonObject; body?: Json } {
  const body = first(config, 'json', 'payload', 'body');
  const data = first(config, 'data');
  const parts = isJsonObject(data) && ('query' in data || 'body' in data) ? data : undefined;
  if (parts) {
    const query = isJsonObject(parts['query']) ? parts['query'] : {};
    const inner = body ?? parts['body'];
    return { query, ...(inner !== undefined && inner !== null && { body: inner }) };
  }
  if (body === undefined && isJsonObject(data) && DATA_IN_QUERY.has(method)) return { query: data };
  const sent = body ?? data;
  return { query: {}, ...(sent !== undefined && { body: sent }) };
}

/** Lists become repeated parameters; null ones are left out. */
function textsOf(value: Json): string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => item !== null).map(jsonText);
}

/** A text is sent as it is, unless it stands under `json` and is none. */
function bodyText(headers: Headers, body: Json, underJson: boolean): string {
  if (typeof body === 'string') {
    const isJson = isJsonText(body);
    if ((isJson || underJson) && !headers.has('content-type'))
      headers.set('content-type', 'application/json');
    return underJson && !isJson ? JSON.stringify(body) : body;
  }
  if (/x-www-form-urlencoded/i.test(headers.get('content-type') ?? '') && isJsonObject(body))
    return encoded(headers, body);
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  return JSON.stringify(body);
}

/** Whether a template has printed a mapping or a list. */
function isJsonText(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function encoded(headers: Headers, form: JsonObject): string {
  headers.set('content-type', 'application/x-www-form-urlencoded');
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(form))
    for (const text of textsOf(value)) parameters.append(name, text);
  return parameters.toString();
}

/** Files are texts, or `{filename, content, content_base64, content_type}`. */
function multipart(files: JsonObject, fields: Json | undefined): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(isJsonObject(fields) ? fields : {}))
    for (const text of textsOf(value)) form.append(name, text);
  for (const [name, file] of Object.entries(files)) {
    const about = isJsonObject(file) ? file : { content: file };
    const encodedContent = about['content_base64'];
    const content =
      typeof encodedContent === 'string'
        ? Buffer.from(encodedContent, 'base64')
        : jsonText(about['content'] ?? '');
    const type = textSetting(about, 'content_type');
    form.append(
      name,
      new Blob([content], type === undefined ? {} : { type }),
      textSetting(about, 'filename') ?? name,
    );
  }
  return form;
}

/** The request that a configuration of the http tool describes. */
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { first, mappingSetting, requiredText, textSetting } from '../settings.ts';

export interface HttpRequest {
  method: string;
  url: URL;
  headers: Headers;
  body?: string | FormData;
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
    addParameter(url, name, value);
  const request: HttpRequest = { method, url, headers };
  if (WITHOUT_BODY.has(method)) return request;
  const form = mappingSetting(config, 'form');
  const files = mappingSetting(config, 'files');
  if (files) return { ...request, body: multipart(files, form ?? body) };
  if (form) return { ...request, body: encoded(headers, form) };
  if (body === undefined) return request;
  return { ...request, body: bodyText(headers, body) };
}

function urlOf(text: string, hosts: Record<string, string>): URL {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new NoetlError('TOOL_CONFIG', `\`url\` is not a URL of http or https: "${text}"`);
  }
  const url = new URL(text);
  const instead = hosts[url.origin];
  return instead === undefined ? url : new URL(`${instead}${url.pathname}${url.search}`);
}

function headersOf(written: JsonObject): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(written)) {
    if (value === null) continue;
    try {
      headers.set(name, jsonText(value));
    } catch {
      throw new NoetlError(
        'TOOL_CONFIG',
        `the header "${name}" has a name or a value that HTTP does not allow`,
      );
    }
  }
  return headers;
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
function addParameter(url: URL, name: string, value: Json): void {
  if (value === null) return;
  for (const item of Array.isArray(value) ? value : [value]) url.searchParams.append(name, jsonText(item));
}

function bodyText(headers: Headers, body: Json): string {
  if (typeof body === 'string') return body;
  if (/x-www-form-urlencoded/i.test(headers.get('content-type') ?? '') && isJsonObject(body))
    return encoded(headers, body);
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  return JSON.stringify(body);
}

function encoded(headers: Headers, form: JsonObject): string {
  headers.set('content-type', 'application/x-www-form-urlencoded');
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(form))
    if (value !== null) parameters.append(name, jsonText(value));
  return parameters.toString();
}

/** Files are texts, or `{filename, content, content_base64, content_type}`. */
function multipart(files: JsonObject, fields: Json | undefined): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(isJsonObject(fields) ? fields : {}))
    form.append(name, jsonText(value));
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

/** One case from its registration to its checks. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fetchAsAdmin } from '../auth.ts';
import { filled, type Case } from './cases.ts';
import { failedChecks, type Ended } from './checks.ts';
import type { Stage } from './stage.ts';

export interface CaseOutcome {
  id: string;
  file: string;
  expected: string;
  /** Status of the execution, `REFUSED` at registration, `TIMEOUT`, or `SKIPPED`. */
  outcome: string;
  verdict: 'passed' | 'failed' | 'skipped';
  reason: string;
  seconds: number;
}

const TIME_LIMIT_S = 60;
const LONG_TIME_LIMIT_S = 180;
const LONG = /^(s:)?(heavy_|side_effect)/;
const POLL_MS = 50;
/** Cases that are random by their own account: one of so many runs must come out as expected. */
const RANDOM_RUNS = 3;
const RANDOM_TRIES_MAX = 5;
const FIXTURE_API = 'http://paginated-api.test-server.svc.cluster.local:5555';

export async function runCase(stage: Stage, folder: string, item: Case): Promise<CaseOutcome> {
  const startedAt = performance.now();
  const runs = item.note.startsWith('RANDOM') ? RANDOM_RUNS : 1;
  let last: { outcome: string; reasons: string[] } = { outcome: 'NOT RUN', reasons: [] };
  for (let run = 0; run < runs; run += 1) {
    last = await attempt(stage, folder, item, runs > 1).catch((error: unknown) => ({
      outcome: 'ERROR',
      reasons: [error instanceof Error ? error.message : String(error)],
    }));
    if (last.reasons.length === 0) break;
  }
  return {
    id: item.id,
    file: item.file,
    expected: item.status,
    outcome: last.outcome,
    verdict: last.reasons.length === 0 ? 'passed' : 'failed',
    reason: last.reasons.join('; '),
    seconds: Math.round((performance.now() - startedAt) / 10) / 100,
  };
}

async function attempt(
  stage: Stage,
  folder: string,
  item: Case,
  random: boolean,
): Promise<{ outcome: string; reasons: string[] }> {
  await stage.resetMock();
  for (const text of item.pre) await stage.sql('demo_noetl', text);
  for (const dep of item.deps) {
    const { error } = await register(stage, join(folder, dep));
    if (error !== undefined) return { outcome: 'REFUSED', reasons: [`${dep}: ${error}`] };
  }
  const { path, workload, error } = await register(stage, join(folder, item.file));
  if (error !== undefined || path === undefined) {
    const asGood = item.status === 'FAILED';
    return { outcome: 'REFUSED', reasons: asGood ? [] : [error ?? 'not registered'] };
  }
  const payload = payloadOf(stage, item, workload);
  const ended = await execute(stage, path, payload, LONG.test(item.id) ? LONG_TIME_LIMIT_S : TIME_LIMIT_S);
  const reasons: string[] = [];
  if (ended.status !== item.status)
    reasons.push(`status ${ended.status}${ended.error ? ` (${ended.error})` : ''}, expected ${item.status}`);
  const checks = filled(item.checks, { ...stage.placeholders, $EXEC: ended.id });
  reasons.push(...(await failedChecks(stage, ended, checks)));
  if (random && (await mostTries(stage, ended.id)) > RANDOM_TRIES_MAX) reasons.push('more than five tries');
  return { outcome: ended.status, reasons };
}

/** What the case sends; where a playbook's default names the fixture server, the mock's address is sent. */
function payloadOf(stage: Stage, item: Case, workload: Record<string, unknown>): Record<string, unknown> {
  const payload = filled(item.payload, stage.placeholders);
  const wantsApi = workload['api_url'] === FIXTURE_API && !('api_url' in payload) && stage.hasMock;
  return wantsApi ? { ...payload, api_url: stage.placeholders['$PAGINATED_API'] } : payload;
}

interface Registered {
  path?: string;
  workload: Record<string, unknown>;
  error?: string;
}

export async function register(stage: Stage, file: string): Promise<Registered> {
  const text = await readFile(file, 'utf8');
  const headers = { 'content-type': 'application/yaml' };
  const url = `${stage.platform.url}/api/catalog/register`;
  const response = await fetchAsAdmin(url, { method: 'POST', headers, body: text });
  const body = (await response.json()) as { path?: string; detail?: string };
  if (!response.ok) return { workload: {}, error: body.detail ?? `HTTP ${String(response.status)}` };
  const api = /^\s+api_url:\s*["']?([^"'\s]+)/m.exec(text)?.[1];
  return { ...(body.path !== undefined && { path: body.path }), workload: { api_url: api } };
}

async function execute(
  stage: Stage,
  path: string,
  payload: Record<string, unknown>,
  limitS: number,
): Promise<Ended> {
  const base = stage.platform.url;
  const response = await fetchAsAdmin(`${base}/api/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path, payload }),
  });
  const started = (await response.json()) as { execution_id?: string; detail?: string };
  if (started.execution_id === undefined) throw new Error(`execute was refused: ${started.detail ?? ''}`);
  const id = started.execution_id;
  const until = Date.now() + limitS * 1000;
  for (;;) {
    const { status, error } = (await (await fetchAsAdmin(`${base}/api/executions/${id}/status`)).json()) as {
      status: string;
      error?: string | null;
    };
    if (status !== 'RUNNING' && status !== 'PENDING') return { id, status, error: error ?? '' };
    if (Date.now() > until) {
      await fetchAsAdmin(`${base}/api/executions/${id}/cancel`, { method: 'POST', body: '{}' });
      return { id, status: 'TIMEOUT', error: `did not end within ${String(limitS)} s` };
    }
    await pause(POLL_MS);
  }
}

async function mostTries(stage: Stage, id: string): Promise<number> {
  const rows = await stage.sql<{ tries: number | null }>(
    'platform',
    `SELECT max((meta ->> 'attempts')::int) AS tries FROM noetl.event WHERE execution_id = $1`,
    [id],
  );
  return rows[0]?.tries ?? 0;
}

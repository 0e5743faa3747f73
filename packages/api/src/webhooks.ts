/** Tells whoever asked that an execution has ended: signed, tried again with growing pauses, one at a time each. */
import { createHmac } from 'node:crypto';
import { isJsonObject, NoetlError, type Json } from '@noetl/protocol';
import {
  every,
  guardedConnector,
  type Log,
  type OutboundPolicy,
  type RoundRecorder,
  type Service,
} from '@noetl/service';
import {
  openWebhook,
  settleDelivery,
  takeDeliveries,
  type Delivery,
  type Sealer,
  type Store,
  type WebhookTarget,
} from '@noetl/store';
import { Agent, fetch, type Dispatcher } from 'undici';

export interface WebhookDeps {
  store: Store;
  log: Log;
  sealer: Sealer;
  nowMs: () => number;
  /** Which addresses receivers may have. */
  outbound: OutboundPolicy;
}

const BATCH = 20;
const TIMEOUT_MS = 10_000;
const TRIES_MAX = 12;
const RETRY_FIRST_MS = 5_000;
const RETRY_MAX_MS = 3_600_000;

export function webhookService(deps: WebhookDeps, intervalMs: number, rounds: RoundRecorder): Service {
  const agent = new Agent({ connect: guardedConnector(deps.outbound) });
  const round = async (): Promise<number> => {
    const due = await takeDeliveries(deps.store, { limit: BATCH, busy_ms: TIMEOUT_MS * 3 });
    await Promise.all(due.map((delivery) => deliver(deps, agent, delivery)));
    return due.length;
  };
  const service = every('webhooks', intervalMs, round, { log: deps.log, rounds });
  const stop = async (): Promise<void> => {
    await service.stop();
    await agent.close().catch(() => undefined);
  };
  return { ...service, stop };
}

async function deliver(deps: WebhookDeps, dispatcher: Dispatcher, delivery: Delivery): Promise<void> {
  const { execution_id, attempts } = delivery;
  const error = await send(deps, dispatcher, delivery);
  if (error === undefined) return settleDelivery(deps.store, execution_id, { delivered: true });
  const retry_ms =
    attempts >= TRIES_MAX ? undefined : Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (attempts - 1));
  deps.log.warn('a webhook was not delivered', {
    execution_id,
    attempts,
    error,
    gives_up: retry_ms === undefined,
  });
  return settleDelivery(deps.store, execution_id, { delivered: false, error, retry_ms });
}

/** What went wrong; undefined when the receiver has answered 2xx. */
async function send(
  { sealer, nowMs }: WebhookDeps,
  dispatcher: Dispatcher,
  { execution_id, webhook, body }: Delivery,
): Promise<string | undefined> {
  try {
    const target = openWebhook(sealer, execution_id, webhook);
    const text = JSON.stringify(body);
    const headers: Record<string, string> = {
      ...target.headers,
      'content-type': 'application/json',
      'x-noetl-event': 'execution.ended',
      'x-noetl-delivery': execution_id,
    };
    if (target.secret !== undefined) {
      const timestamp = String(Math.floor(nowMs() / 1000));
      headers['x-noetl-timestamp'] = timestamp;
      headers['x-noetl-signature'] = signature(target.secret, timestamp, text);
    }
    const { url, ...authorised } = withoutUser(target.url, headers);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(url, {
      dispatcher,
      method: 'POST',
      ...authorised,
      body: text,
      redirect: 'manual',
      signal,
    });
    await answer.body?.cancel();
    return answer.ok ? undefined : `the receiver answered ${String(answer.status)}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** `sha256=` and the HMAC of `<timestamp>.<body>`, in hexadecimal. */
function signature(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** `fetch` refuses user and password in a URL: they become the header that they mean. */
function withoutUser(
  text: string,
  headers: Record<string, string>,
): { url: URL; headers: Record<string, string> } {
  const url = new URL(text);
  const { username, password } = url;
  if (username === '' && password === '') return { url, headers };
  url.username = '';
  url.password = '';
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(user).toString('base64')}`;
  return { url, headers: { authorization, ...headers } };
}

/** A webhook as a request gives it, checked. Throws BODY_INVALID. */
export function webhookOf(written: Json | undefined): WebhookTarget | undefined {
  if (written === undefined || written === null) return undefined;
  const { url, secret, headers } = isJsonObject(written) ? written : { url: written };
  if (typeof url !== 'string' || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new NoetlError(
      'BODY_INVALID',
      '`webhook` must be a URL of http or https, or {url, secret, headers}',
    );
  if (secret !== undefined && typeof secret !== 'string')
    throw new NoetlError('BODY_INVALID', '`webhook.secret` must be text');
  const given = isJsonObject(headers) ? headers : {};
  if (!Object.values(given).every((value) => typeof value === 'string'))
    throw new NoetlError('BODY_INVALID', '`webhook.headers` must be texts by name');
  return {
    url,
    ...(headers !== undefined && { headers: given as Record<string, string> }),
    ...(secret !== undefined && { secret }),
  };
}

/** A value over SSE: sent at once, again whenever it has changed, and for the last time when nothing changes any more. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Request, Response } from 'express';

export const HEARTBEAT_MS = 15_000;

export interface LiveValue {
  value: object;
  /** Nothing will change any more: the stream says so and ends. */
  ended: boolean;
}

export function wantsStream(request: Request): boolean {
  return request.accepts(['json', 'text/event-stream']) === 'text/event-stream';
}

/** Proxies neither keep what is streamed nor hold it back. */
export function beginStream(response: Response): void {
  response
    .status(200)
    .set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' });
  response.flushHeaders();
}

/**
 * Answers with JSON, or with a stream that reads every `everyMs`. What `read` throws before the first value is an
 * ordinary error; later it ends the stream, which browsers open again.
 */
export async function live(
  request: Request,
  response: Response,
  everyMs: number,
  read: () => Promise<LiveValue>,
): Promise<void> {
  let { value, ended } = await read();
  if (!wantsStream(request)) {
    response.json(value);
    return;
  }
  beginStream(response);
  let sent = '';
  let sentAt = 0;
  for (;;) {
    const text = JSON.stringify(value);
    const isDue = performance.now() - sentAt > HEARTBEAT_MS;
    if (text !== sent || isDue) {
      response.write(text === sent ? ': still here\n\n' : `data: ${text}\n\n`);
      sent = text;
      sentAt = performance.now();
    }
    if (ended) break;
    await delay(everyMs);
    if (response.destroyed) return;
    ({ value, ended } = await read());
  }
  response.end('event: end\ndata: {}\n\n');
}

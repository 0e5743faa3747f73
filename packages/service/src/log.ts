/** Logs: winston, JSON for machines, one readable line in a terminal; secrets that the process holds are not in them. */
import { createLogger, format, transports, type Logger } from 'winston';
import type { LogLevel } from './config.ts';
import { processSecrets } from './redaction/process-secrets.ts';

/** Where winston keeps the line that it is about to write. */
const LINE = Symbol.for('message');

/** `child` binds fields (execution id, command id …) to every line. */
export type Log = Logger;

export function createLog(options: { name: string; level: LogLevel; format: 'json' | 'pretty' }): Log {
  const { combine, timestamp, json, printf } = format;
  const line = options.format === 'json' ? json() : printf(pretty);
  // Everything goes to stderr: stdout belongs to the commands' own output.
  const toConsole: unknown = new transports.Console({ stderrLevels: ['error', 'warn', 'info', 'debug'] });
  return createLogger({
    level: options.level,
    defaultMeta: { process: options.name },
    format: combine(timestamp(), format(serialiseErrors)(), line, format(withoutSecrets)()),
  }).add(toConsole as Parameters<Logger['add']>[0]);
}

/** The last thing before a line is written, so that no field, message or stack comes past it. */
function withoutSecrets<T extends object>(info: T): T {
  const line = (info as { [LINE]?: unknown })[LINE];
  if (typeof line === 'string') Object.assign(info, { [LINE]: processSecrets.text(line) });
  return info;
}

/** Errors among the fields become plain objects: message, code, stack. */
function serialiseErrors<T extends Record<string, unknown>>(info: T): T {
  for (const [key, value] of Object.entries(info)) {
    if (!(value instanceof Error)) continue;
    const { code } = value as { code?: unknown };
    const plain = { message: value.message, ...(code !== undefined && { code }), stack: value.stack };
    Object.assign(info, { [key]: plain });
  }
  return info;
}

function pretty(info: Record<string, unknown>): string {
  const { timestamp, level, message, process, ...fields } = info;
  const time = String(timestamp).slice(11, 23);
  const text = Object.entries(fields).map(([key, value]) => `${key}=${short(value)}`);
  return [time, String(level).toUpperCase().padEnd(5), String(process), String(message), ...text].join(' ');
}

function short(value: unknown): string {
  if (typeof value === 'string') return value;
  const { message } = (value ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : JSON.stringify(value);
}

/** Errors of templates with the place where the template stands. */
import { NoetlError } from '@noetl/protocol';

const SHOWN = 120;

/** Runs `work` for the template `text` that stands at `path`; an error that has no place yet gets this one. */
export function located<T>(path: string, text: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof NoetlError) || error.place || !error.code.startsWith('TEMPLATE_')) throw error;
    const { code, message, kind, retryable, hint, details, cause } = error;
    const told = message.includes(shortened(text)) ? message : `${message}: ${shortened(text)}`;
    const place = { path };
    throw new NoetlError(code, told, { place, kind, retryable, hint, cause, ...(details && { details }) });
  }
}

/** One line of a template, for messages. */
export function shortened(text: string): string {
  const line = text
    .slice(0, 4 * SHOWN)
    .trim()
    .replace(/\s+/g, ' ');
  return line.length > SHOWN ? `${line.slice(0, SHOWN - 3)}…` : line;
}

/** Bounded capture of what an item prints. */
import { plain } from './encode.mjs';

const PRINT_MAX = 64 * 1024;

let printed = '';

function print(...values) {
  if (printed.length < PRINT_MAX) printed += `${values.map(shown).join(' ')}\n`;
}

export const console = Object.freeze({ log: print, info: print, warn: print, error: print, debug: print });

export function captured() {
  return printed.length > PRINT_MAX ? `${printed.slice(0, PRINT_MAX)}\n… output cut at 64 KiB\n` : printed;
}

function shown(value) {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value, plain) ?? String(value);
  } catch {
    return String(value);
  }
}

/** A new item prints. */
export function startPrints() {
  printed = '';
}

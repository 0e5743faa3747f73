/** How values print: as Python's `str` and `repr`, and as JSON. */
import { isJsonObject } from '@noetl/protocol';
import { Callable, Float } from './value.ts';

/** Text of a value in the middle of a template: undefined prints nothing. */
export function printed(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : representation(value);
}

/** Python literal of a value, on one line. */
export function representation(value: unknown): string {
  if (value === undefined || value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return numberText(value);
  if (value instanceof Float) return floatText(value.valueOf());
  if (value instanceof Callable) return FUNCTION;
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(representation).join(', ')}]`;
  if (isJsonObject(value)) {
    const entries = Object.entries(value).map(([key, item]) => `${quoted(key)}: ${representation(item)}`);
    return `{${entries.join(', ')}}`;
  }
  return FUNCTION;
}

const FUNCTION = '<function>';

function floatText(value: number): string {
  const text = Math.abs(value) < 1e16 ? `${String(value)}.0` : value.toExponential();
  return Object.is(value, -0) ? '-0.0' : text;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const isTiny = value !== 0 && Math.abs(value) < 1e-4;
  const text = isTiny ? value.toExponential() : String(value);
  // Python writes exponents with at least two digits.
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Single quotes unless the text holds one and no double quote, as Python chooses. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = Array.from(text, control).join('');
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function control(character: string): string {
  const known: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0x20 && code !== 0x7f && character !== '\\') return character;
  return known[character] ?? `\\x${code.toString(16).padStart(2, '0')}`;
}

/** As the `tojson` filter: Python's separators, and characters that are special in HTML and SQL text escaped. */
export function jsonText(value: unknown, indent?: number): string {
  const text = indent === undefined ? spaced(value) : JSON.stringify(value ?? null, null, indent);
  return text.replace(
    /[<>&']/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function spaced(value: unknown): string {
  if (value instanceof Float) return floatText(value.valueOf());
  if (value instanceof Callable) return JSON.stringify(FUNCTION);
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  if (isJsonObject(value)) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${spaced(item)}`)
      .join(', ')}}`;
  }
  return JSON.stringify(value ?? null);
}

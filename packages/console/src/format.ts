/** Numbers, times and values as people read them. */

const number = new Intl.NumberFormat('en');
const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export function count(value: number): string {
  return number.format(value);
}

export function when(iso: string | null | undefined): string {
  return iso ? time.format(new Date(iso)) : '–';
}

/** Seconds as `1.2 s`, `3 min 5 s`, `2 h 10 min`. */
export function seconds(value: number | null | undefined): string {
  if (value == null) return '–';
  if (value < 1) return `${number.format(Math.round(value * 1000))} ms`;
  if (value < 60) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  if (whole < 3600) return `${String(Math.floor(whole / 60))} min ${String(whole % 60)} s`;
  return `${String(Math.floor(whole / 3600))} h ${String(Math.floor((whole % 3600) / 60))} min`;
}

/** From one time to another, or until now. */
export function lasted(from: string, to: string | null, nowMs: number): string {
  return seconds(Math.max(0, (to ? new Date(to).getTime() : nowMs) - new Date(from).getTime()) / 1000);
}

/** `operator:team-a/`, as the command line has it. */
export function grantText({ role, prefix }: { role: string; prefix: string }): string {
  return prefix === '' ? role : `${role}:${prefix}`;
}

/** JSON, indented; text as it is. */
export function pretty(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** The beginning of a JSON text: indented when all of it is there. */
export function prettyText(text: string): string {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text;
  }
}

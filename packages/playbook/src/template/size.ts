/** How large a value is as text, without making the text. */
import { isJsonObject, NoetlError } from '@noetl/protocol';

/** Throws TEMPLATE_BUDGET when the value takes at least `max` characters: the same part may stand in it many times. */
export function refuseLarger(value: unknown, max: number): void {
  let left = max;
  const visit = (part: unknown): void => {
    left -= 1;
    if (typeof part === 'string') left -= part.length;
    if (left < 0) throw new NoetlError('TEMPLATE_BUDGET', 'a template makes more than 1 MiB of text');
    if (Array.isArray(part)) for (const item of part) visit(item);
    else if (isJsonObject(part))
      for (const [key, item] of Object.entries(part)) {
        left -= key.length;
        visit(item);
      }
  };
  visit(value);
}

/** All filters by name. */
import { CONVERSION_FILTERS } from './conversion.ts';
import type { Filter } from './filter.ts';
import { LIST_FILTERS } from './list.ts';
import { TEXT_FILTERS } from './text.ts';

export const FILTERS: Record<string, Filter> = { ...CONVERSION_FILTERS, ...LIST_FILTERS, ...TEXT_FILTERS };

/** Every endpoint there is. */
import { accessOperations } from './parts/access.ts';
import { bulkOperations } from './parts/bulk.ts';
import { catalogOperations } from './parts/catalog.ts';
import { executionOperations } from './parts/executions.ts';
import { loopOperations } from './parts/loops.ts';
import { platformOperations } from './parts/platform.ts';
import { valueOperations } from './parts/values.ts';
import type { Operation } from './operation.ts';

export const OPERATIONS: readonly Operation[] = [
  ...catalogOperations,
  ...executionOperations,
  ...loopOperations,
  ...bulkOperations,
  ...valueOperations,
  ...platformOperations,
  ...accessOperations,
];

/** Endpoints that act on many executions. */
import { readBulk, readBulkCancel, readBulkRedrive } from '../../routes/bulk.ts';
import { bulkDone, bulkPreview } from '../answers/executions.ts';
import { body, json, operations } from '../operation.ts';

const answers = { 200: json({ anyOf: [bulkPreview, bulkDone] }) };

export const bulkOperations = operations('Bulk', {
  bulkCancel: [
    'POST /api/bulk/cancel',
    'Cancel the executions that a filter names and that have not ended',
    { ...body(readBulkCancel), answers },
  ],
  bulkPause: [
    'POST /api/bulk/pause',
    'Pause the executions that a filter names and that run',
    { ...body(readBulk), answers },
  ],
  bulkResume: [
    'POST /api/bulk/resume',
    'Go on with the executions that a filter names and that are paused',
    { ...body(readBulk), answers },
  ],
  bulkRedrive: [
    'POST /api/bulk/redrive',
    'Run chosen items of a loop again in the executions that a filter names and that have ended',
    { ...body(readBulkRedrive), answers },
  ],
});

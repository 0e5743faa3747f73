/** Endpoints of loops: counters, items, results, redrive. */
import { AGGREGATE_QUERY } from '../../routes/aggregate.ts';
import { MAP_QUERY } from '../../routes/loop-map.ts';
import { ITEMS_QUERY } from '../../routes/loops.ts';
import { DEAD_LETTERS_QUERY, readRedrive } from '../../routes/redrive.ts';
import { pausing } from '../answers/executions.ts';
import * as answer from '../answers/loops.ts';
import { body, json, live, operations } from '../operation.ts';

export const loopOperations = operations('Loops', {
  listLoops: [
    'GET /api/executions/:id/loops',
    'Counters of all loops of an execution',
    { answers: { 200: json(answer.loopList) } },
  ],
  getLoop: [
    'GET /api/executions/:id/loops/:step',
    'Counters, rate and ETA of the newest entry of a loop; live',
    { answers: { 200: live(answer.counters) } },
  ],
  getLoopMap: [
    'GET /api/executions/:id/loops/:step/map',
    'The index range in buckets, and items done over time',
    { query: MAP_QUERY, answers: { 200: json(answer.loopMap) } },
  ],
  listItems: [
    'GET /api/executions/:id/loops/:step/items',
    'Items of a loop by index; as NDJSON all of them, one a line',
    {
      query: ITEMS_QUERY,
      answers: { 200: { ...json(answer.itemPage), 'application/x-ndjson': answer.item } },
    },
  ],
  pauseLoop: [
    'POST /api/executions/:id/loops/:step/pause',
    'Start nothing new of the newest entry of a loop',
    { answers: { 200: json(pausing) } },
  ],
  resumeLoop: ['POST /api/executions/:id/loops/:step/resume', 'Go on', { answers: { 200: json(pausing) } }],
  redrive: [
    'POST /api/executions/:id/redrive',
    'Run chosen items of a loop again, and all that follows from it',
    {
      ...body(readRedrive, 'RedriveRequest'),
      answers: { 200: json(answer.redrivePreview), 202: json(answer.redriven) },
    },
  ],
  listDeadLetters: [
    'GET /api/executions/:id/dead-letters',
    'What failed in loops, by error and class of message',
    { query: DEAD_LETTERS_QUERY, answers: { 200: json(answer.deadLetterList) } },
  ],
  listLoopResults: [
    'GET /api/aggregate/loop/results',
    'The results of a loop in index order, streamed',
    { query: AGGREGATE_QUERY, answers: { 200: json(answer.results) } },
  ],
});

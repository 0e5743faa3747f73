/** Endpoints that start, show, steer and end executions. */
import { EVENTS_QUERY } from '../../routes/events.ts';
import { EXECUTE_QUERY, readExecute } from '../../routes/execute.ts';
import { EXECUTION_QUERY, EXECUTIONS_QUERY, readCancel } from '../../routes/executions.ts';
import { readCleanup, readFinalize, readRerun } from '../../routes/upkeep.ts';
import { graph } from '../answers/catalog.ts';
import * as answer from '../answers/executions.ts';
import { counters } from '../answers/loops.ts';
import { body, json, live, operations, stream, type Operation } from '../operation.ts';
import { id, object, words } from '../schema.ts';

const execute: Pick<Operation, 'query' | 'headers' | 'body' | 'answers'> = {
  query: EXECUTE_QUERY,
  headers: { 'Idempotency-Key': 'The same request again gives the same execution.' },
  ...body(readExecute),
  answers: { 200: json(answer.started), 201: json(answer.started) },
};

export const executionOperations = operations('Executions', {
  execute: ['POST /api/execute', 'Start an execution', execute],
  runPlaybook: ['POST /api/run/playbook', 'An older name of `POST /api/execute`', execute],
  listExecutions: [
    'GET /api/executions',
    'Executions, the newest first; live',
    { query: EXECUTIONS_QUERY, answers: { 200: live(answer.executionPage) } },
  ],
  getExecution: [
    'GET /api/executions/:id',
    'An execution with its steps and a page of its events',
    { query: EXECUTION_QUERY, answers: { 200: json(answer.execution) } },
  ],
  getSummary: [
    'GET /api/executions/:id/summary',
    'Its head, the state of its steps and the counters of its loops; live',
    { answers: { 200: live(answer.summaryOf(counters)) } },
  ],
  getGraph: [
    'GET /api/executions/:id/graph',
    'Steps and arcs of the playbook it runs',
    { answers: { 200: json(graph) } },
  ],
  getExecutionState: [
    'GET /api/executions/:id/status',
    'How far it has come',
    { answers: { 200: json(answer.executionState) } },
  ],
  checkCancellation: [
    'GET /api/executions/:id/cancellation-check',
    'Whether it is cancelled',
    { answers: { 200: json(answer.cancellation) } },
  ],
  listEvents: [
    'GET /api/executions/:id/events',
    'Its events; as a stream, those to come as well',
    {
      query: EVENTS_QUERY,
      headers: { 'Last-Event-ID': 'Where a stream goes on.' },
      answers: { 200: { ...json(answer.eventPage), ...stream } },
    },
  ],
  cancelExecution: [
    'POST /api/executions/:id/cancel',
    'Cancel it, and its children',
    { ...body(readCancel), answers: { 200: json(answer.cancelled) } },
  ],
  pauseExecution: [
    'POST /api/executions/:id/pause',
    'Start nothing new of it',
    { answers: { 200: json(answer.pausing) } },
  ],
  resumeExecution: ['POST /api/executions/:id/resume', 'Go on', { answers: { 200: json(answer.pausing) } }],
  finalizeExecution: [
    'POST /api/executions/:id/finalize',
    'End by force what does not end by itself',
    { ...body(readFinalize), answers: { 200: json(answer.finalized) } },
  ],
  rerunExecution: [
    'POST /api/executions/:id/rerun',
    'The same version with the same payload once more',
    { ...body(readRerun), answers: { 201: json(answer.rerun) } },
  ],
  cleanUpExecutions: [
    'POST /api/executions/cleanup',
    'Cancel executions in which nothing happens any more',
    { ...body(readCleanup), answers: { 200: json(answer.cleanup) } },
  ],
  getWebhook: [
    'GET /api/executions/:id/webhook',
    'How the delivery of its webhook stands',
    { answers: { 200: json(answer.delivery) } },
  ],
  redeliverWebhook: [
    'POST /api/executions/:id/webhook/redeliver',
    'Deliver its webhook once more',
    { answers: { 202: json(object({ execution_id: id, status: words('pending') })) } },
  ],
});

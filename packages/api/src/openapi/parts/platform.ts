/** Endpoints of limits, processes and monitoring, and of this document. */
import { readLimit } from '../../routes/limits.ts';
import * as answer from '../answers/operations.ts';
import { limit, limitDeleted, limitList } from '../answers/values.ts';
import { body, json, live, operations } from '../operation.ts';
import { mapping, text } from '../schema.ts';

const health = { answers: { 200: json(answer.health) } };
const status = { answers: { 200: live(answer.platform) } };
const pools = { answers: { 200: json(answer.pools) } };
const metrics = { answers: { 200: { 'text/plain': text } } };

export const platformOperations = [
  ...operations('Limits', {
    listLimits: [
      'GET /api/limits',
      'Named limits, and what is in use now',
      { answers: { 200: json(limitList) } },
    ],
    getLimit: ['GET /api/limits/:key', 'One limit', { answers: { 200: json(limit) } }],
    setLimit: [
      'PUT /api/limits/:key',
      'Set a limit; takes effect while executions run',
      { ...body(readLimit), answers: { 200: json(limit) } },
    ],
    deleteLimit: ['DELETE /api/limits/:key', 'No limit any more', { answers: { 200: json(limitDeleted) } }],
  }),
  ...operations('Platform', {
    getHealth: ['GET /api/health', 'This process lives', health],
    getHealthAtRoot: ['GET /health', 'The same', health],
    getReadiness: [
      'GET /api/ready',
      'Postgres and NATS answer',
      { answers: { 200: json(answer.readiness), 503: json(answer.readiness) } },
    ],
    getPlatform: ['GET /api/status', 'Services, processes and counts; live', status],
    getDashboard: ['GET /api/dashboard/stats', 'The same', status],
    listWorkers: ['GET /api/worker/pools', 'Workers and their slots', pools],
    getPoolStatus: ['GET /api/pool/status', 'The same', pools],
    getMetrics: ['GET /api/metrics', 'For Prometheus', metrics],
    getMetricsAtRoot: ['GET /metrics', 'The same', metrics],
    getOpenApi: ['GET /openapi.json', 'This document', { answers: { 200: json(mapping) } }],
    getDocs: ['GET /docs', 'This document as a page to browse', { answers: { 200: { 'text/html': text } } }],
  }),
];

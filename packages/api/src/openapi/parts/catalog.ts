/** Endpoints of the catalog and of schedules. */
import { CATALOG_QUERY, PLAYBOOK_TYPES, readList, readResource } from '../../routes/catalog.ts';
import { readSchedule } from '../../routes/schedules.ts';
import * as answer from '../answers/catalog.ts';
import { body, json, operations } from '../operation.ts';
import { named, object, text } from '../schema.ts';

const playbook = {
  body: Object.fromEntries(
    PLAYBOOK_TYPES.map((type) => [
      type,
      type === 'application/json'
        ? { anyOf: [named('WrappedPlaybook', object({ content: text })), { type: 'object' }] }
        : text,
    ]),
  ),
};

export const catalogOperations = [
  ...operations('Catalog', {
    registerPlaybook: [
      'POST /api/catalog/register',
      'Register a playbook: a new version, or the latest one when nothing has changed',
      { ...playbook, answers: { 200: json(answer.registered), 201: json(answer.registered) } },
    ],
    validatePlaybook: [
      'POST /api/catalog/validate',
      'Check a playbook and store nothing',
      { ...playbook, answers: { 200: json(answer.validation) } },
    ],
    listCatalog: [
      'GET /api/catalog',
      'The latest version of each path',
      { query: CATALOG_QUERY, answers: { 200: json(answer.catalogPage) } },
    ],
    listCatalogByBody: [
      'POST /api/catalog/list',
      'The same, asked for in a body',
      { ...body(readList), answers: { 200: json(answer.catalogPage) } },
    ],
    getCatalogEntry: [
      'POST /api/catalog/resource',
      'One entry by id, or by path and version',
      { ...body(readResource), answers: { 200: json(answer.entry) } },
    ],
    getLatest: [
      'GET /api/catalog/*path',
      'The latest version of a path, and all versions there are',
      { answers: { 200: json(answer.entryWithVersions) } },
    ],
  }),
  ...operations('Schedules', {
    createSchedule: [
      'POST /api/schedules',
      'Run a playbook by cron or at an interval',
      { ...body(readSchedule), answers: { 201: json(answer.schedule) } },
    ],
    listSchedules: ['GET /api/schedules', 'All schedules', { answers: { 200: json(answer.scheduleList) } }],
    getSchedule: ['GET /api/schedules/:id', 'One schedule', { answers: { 200: json(answer.schedule) } }],
    changeSchedule: [
      'PATCH /api/schedules/:id',
      'Change a schedule; what is left away stays',
      { ...body(readSchedule), answers: { 200: json(answer.schedule) } },
    ],
    deleteSchedule: [
      'DELETE /api/schedules/:id',
      'Delete a schedule',
      { answers: { 200: json(answer.scheduleDeleted) } },
    ],
    runSchedule: [
      'POST /api/schedules/:id/run',
      'Run it now, besides its times',
      { answers: { 201: json(answer.scheduleRun) } },
    ],
  }),
];

/** Redrive: chosen items of a loop run again, and what follows from it; and the list of what there is to redrive. */
import type { Router } from 'express';
import { NoetlError, type JsonObject } from '@noetl/protocol';
import {
  deadLetters,
  isEmptySelector,
  newestLoops,
  previewRedrive,
  type LoopRow,
  type RedriveSelector,
} from '@noetl/store';
import { indexesOf, INDEXES_MAX, INDEXES_PATTERN, INDEX_MAX } from '../http/indexes.ts';
import { readQuery, text } from '../http/query.ts';
import { bodyReader, jsonBody } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';
import { executionOf } from './executions.ts';
import { newestLoop } from './loops.ts';

const SAMPLE_ITEMS = 10;

/** Which items of which loop. */
export interface Selection {
  step: string;
  state?: NonNullable<RedriveSelector['state']>;
  indexes?: number[] | string;
  error_class?: string;
  message_class?: string;
}

interface RedriveBody extends Selection {
  loop_id?: string;
  dry_run?: boolean;
}

export const SELECTION = {
  step: { type: 'string', minLength: 1 },
  state: { enum: ['failed', 'not_started', 'incomplete'] },
  indexes: {
    anyOf: [
      {
        type: 'array',
        maxItems: INDEXES_MAX,
        items: { type: 'integer', minimum: 0, maximum: INDEX_MAX },
      },
      { type: 'string', pattern: INDEXES_PATTERN },
    ],
  },
  error_class: { type: 'string', minLength: 1 },
  message_class: { type: 'string', minLength: 1 },
};

export const readRedrive = bodyReader<RedriveBody>({
  type: 'object',
  required: ['step'],
  additionalProperties: false,
  properties: {
    ...SELECTION,
    loop_id: { type: 'string' },
    dry_run: { type: 'boolean' },
  },
});

/** Throws REDRIVE_SELECTOR_EMPTY, BODY_INVALID. */
export function selectorOf({ step, indexes, ...others }: Selection): {
  step: string;
  selector: RedriveSelector;
} {
  const chosen = typeof indexes === 'string' ? indexesOf(indexes, 'indexes') : indexes;
  const selector = { ...others, ...(chosen && { indexes: chosen }) };
  if (isEmptySelector(selector))
    throw new NoetlError('REDRIVE_SELECTOR_EMPTY', 'the redrive does not say which items');
  return { step, selector };
}

export const DEAD_LETTERS_QUERY = { step: text('only of this loop') };

export function redriveRoutes(router: Router, deps: ApiDeps): void {
  router.post('/executions/:id/redrive', async (request, response) => {
    const { loop_id, dry_run, ...selection } = readRedrive(jsonBody(request));
    const { step, selector } = selectorOf(selection);
    const execution = await executionOf(deps, request.params.id);
    const { execution_id } = execution;
    const { loop } = await newestLoop(deps, execution_id, step);
    if (loop_id !== undefined && loop_id !== loop.loop_id)
      throw new NoetlError('REDRIVE_CONFLICT', `${loop_id} is not the newest entry of the loop "${step}"`);
    if (dry_run === true) {
      response.json({
        execution_id,
        step,
        loop_id: loop.loop_id,
        dry_run,
        ...(await previewRedrive(deps.store, loop, selector, SAMPLE_ITEMS)),
      });
      return;
    }
    await deps.admit();
    const redriven = await deps.redrive(execution, { step, loop_id: loop.loop_id, selector });
    response.status(202).json({ execution_id, step, redrive_of: loop.loop_id, ...redriven });
  });

  router.get('/executions/:id/dead-letters', async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.id);
    const { step } = readQuery(DEAD_LETTERS_QUERY, request.query);
    const loops =
      step === undefined
        ? await newestLoops(deps.store, execution_id)
        : [(await newestLoop(deps, execution_id, step)).loop];
    const groups: JsonObject[] = [];
    for (const loop of loops) groups.push(...(await groupsOf(deps, loop)));
    response.json({ execution_id, groups });
  });
}

/** Each with the body that runs its items again. */
async function groupsOf(deps: ApiDeps, loop: LoopRow): Promise<JsonObject[]> {
  const { step, loop_id } = loop;
  const groups = await deadLetters(deps.store, loop);
  return groups.map(({ code, kind, message_class, count, sample }) => ({
    step,
    code,
    kind,
    message_class,
    count,
    sample: sample as unknown as JsonObject,
    redrive: { step, loop_id, message_class, ...(code !== null && { error_class: code }) },
  }));
}

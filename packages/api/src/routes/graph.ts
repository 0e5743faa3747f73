/** What a playbook looks like: its steps and arcs; and what is wrong with one that is not registered. */
import type { Router } from 'express';
import {
  documentHead,
  parsePlaybook,
  PlaybookError,
  type Action,
  type Playbook,
  type Step,
} from '@noetl/playbook';
import type { ApiDeps } from './deps.ts';
import { playbookText } from './catalog.ts';
import { executionOf } from './executions.ts';

export function graphRoutes(router: Router, deps: ApiDeps): void {
  router.get('/executions/:id/graph', async (request, response) => {
    const { execution_id, catalog_id } = await executionOf(deps, request.params.id);
    response.json({ execution_id, ...graphOf(await deps.playbook(catalog_id)) });
  });
  router.post('/catalog/validate', (request, response) => {
    response.json(validated(playbookText(request)));
  });
}

/** The findings, and when there are no faults what the playbook takes and how its steps hang together. */
function validated(content: string): object {
  try {
    const { path } = documentHead(content);
    const { playbook, warnings } = parsePlaybook(content);
    const { workload } = playbook;
    return {
      valid: true,
      path: playbook.path || path,
      faults: [],
      warnings,
      workload,
      graph: graphOf(playbook),
    };
  } catch (error) {
    if (!(error instanceof PlaybookError)) throw error;
    return { valid: false, faults: error.faults, warnings: error.warnings };
  }
}

interface Graph {
  entry_step: string;
  steps: { name: string; desc: string | null; kinds: string[]; loop: boolean }[];
  arcs: { from: string; to: string; conditional: boolean }[];
}

function graphOf({ entry_step, steps }: Playbook): Graph {
  return {
    entry_step,
    steps: steps.map(({ name, desc, tasks, loop }) => ({
      name,
      desc: desc ?? null,
      kinds: [...new Set(tasks.map(({ kind }) => kind))],
      loop: loop !== undefined,
    })),
    arcs: steps.flatMap(arcsOf),
  };
}

/** Each pair of steps once; conditional when every way from one to the other is. */
function arcsOf({ name, next, cases }: Step): Graph['arcs'] {
  const found = new Map<string, boolean>();
  const add = (to: string, conditional: boolean): void =>
    void found.set(to, (found.get(to) ?? true) && conditional);
  for (const arc of next.arcs) add(arc.step, arc.when !== undefined && arc.when !== true);
  const actions: Action[] = cases.flatMap((branch) => [...branch.then, ...branch.else]);
  for (const action of actions)
    if (action.do === 'next' || action.do === 'call') for (const arc of action.arcs) add(arc.step, true);
  return [...found].map(([to, conditional]) => ({ from: name, to, conditional }));
}

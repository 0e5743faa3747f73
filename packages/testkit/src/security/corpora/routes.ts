/**
 * Attacks on the api where it asks for tokens: every route without a token and with each bad one, every role on what it
 * may not, another team's things under every address that leads to them, and ways around the matching of routes.
 */
import { RULES, type Rule } from '@noetl/api/access';
import { ROLES as ALL_ROLES } from '@noetl/protocol';
import { MARK, ROLES, startAccessStage, type AccessStage, type Call, type Reply } from '../access-stage.ts';
import type { Attack, Corpus, Outcome } from '../corpus.ts';
import { detours } from './detours.ts';

const GUARDED = [...RULES].filter(([, { target }]) => target !== 'open');

export const corpus: Corpus = {
  name: 'routes',
  open: async () => {
    const stage = await startAccessStage();
    try {
      const attacks = [
        ...(await withoutToken(stage)),
        ...(await beyondRole(stage)),
        ...(await beyondPrefix(stage)),
        ...detours(stage.platform.url),
      ];
      return { attacks, close: () => stage.stop() };
    } catch (error) {
      await stage.stop();
      throw error;
    }
  },
};

/** 401, whatever is sent instead of a good token. */
async function withoutToken(stage: AccessStage): Promise<Attack[]> {
  const forged = await stage.provider.forged();
  const bad: Record<string, string | undefined> = {
    'no token': undefined,
    'a token that nobody made': `noetl_0123456789abcdef_${'A'.repeat(43)}`,
    'an expired token': stage.past.expired,
    'a revoked token': stage.past.revoked,
    'alg none': forged['alg none'],
    'another issuer': forged['another issuer'],
    'another audience': forged['another audience'],
  };
  const refused = (route: string, kind: string, token: string | undefined): Attack =>
    attack(stage, `${route} with ${kind}`, route, { token }, ({ status }) => status === 401);
  return [
    ...GUARDED.flatMap(([route]) => Object.entries(bad).map(([kind, token]) => refused(route, kind, token))),
    // All routes ask the same; one is enough for what is told apart only there.
    ...Object.entries(forged).map(([kind, token]) => refused('GET /api/executions', kind, token)),
  ];
}

/** 403 for each role below the one that a route needs; by our tokens, and by those of the identity provider. */
async function beyondRole(stage: AccessStage): Promise<Attack[]> {
  const attacks: Attack[] = [];
  for (const role of ROLES) {
    const tokens = { token: await stage.token(role, { role }), JWT: await stage.provider.token([role]) };
    for (const [route] of GUARDED.filter(([, { role: needed }]) => isBelow(role, needed)))
      for (const [kind, token] of Object.entries(tokens))
        attacks.push(
          attack(stage, `${route} as ${role} by ${kind}`, route, { token }, ({ status }) => status === 403),
        );
  }
  const nobody = await stage.provider.token(['unknown-group']);
  for (const [route] of GUARDED.filter(([, { target }]) => target !== 'signed_in'))
    attacks.push(
      attack(stage, `${route} without a role`, route, { token: nobody }, ({ status }) => status === 403),
    );
  return attacks;
}

function isBelow(role: Rule['role'], needed: Rule['role']): boolean {
  return ALL_ROLES.indexOf(role) < ALL_ROLES.indexOf(needed);
}

/** An admin of one team sees nothing of another one's, and nothing of the installation. */
async function beyondPrefix(stage: AccessStage): Promise<Attack[]> {
  const token = await stage.token('team-a', { role: 'admin', prefix: 'team-a' });
  const isHidden = ({ status, text }: Reply): boolean => [403, 404].includes(status) && !text.includes(MARK);
  const byAddress = GUARDED.filter(
    ([, { target }]) => !['signed_in', 'platform', 'request'].includes(target),
  );
  const { execution, path } = stage.theirs;
  const leaksNothing = ({ status, text }: Reply): boolean =>
    status < 300 && ![MARK, execution, path].some((secret) => text.includes(secret));
  return [
    ...byAddress.map(([route]) =>
      attack(stage, `${route} of another team`, route, { token, ...bodyOf(route) }, isHidden),
    ),
    ...named(stage).map(([route, body]) =>
      attack(stage, `${route} naming another team's`, route, { token, body }, isHidden),
    ),
    ...listed(stage).map(([route, body]) =>
      attack(stage, `${route} over all teams`, route, { token, body }, leaksNothing),
    ),
  ];
}

/** Bodies without which a route would refuse for another reason. */
function bodyOf(route: string): { body?: unknown } {
  if (route.includes('/vars/')) return route.startsWith('POST') ? { body: { variables: { a: 1 } } } : {};
  if (route.startsWith('PUT /api/result') || route.startsWith('PUT /api/temp')) return { body: { data: 1 } };
  if (route.endsWith('/redrive')) return { body: { step: 'items', state: 'failed', dry_run: true } };
  return {};
}

/** What the body or the query names. */
function named({ theirs }: AccessStage): [route: string, body?: unknown][] {
  const { path, execution, catalog, credential, ref } = theirs;
  const playbook = (at: string): string =>
    `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: ${at}}\nworkflow: [{step: start, tool: {kind: noop}}]`;
  return [
    ['POST /api/execute', { path }],
    ['POST /api/execute', { catalog_id: catalog }],
    ['POST /api/run/playbook', { path }],
    ['POST /api/catalog/register', playbook(path)],
    ['POST /api/catalog/register', playbook('team-ab/job')],
    ['POST /api/catalog/resource', { path }],
    ['POST /api/catalog/resource', { catalog_id: catalog }],
    ['POST /api/schedules', { playbook_path: path, interval_seconds: 86_400 }],
    ['POST /api/context/render', { execution_id: execution, template: '{{ note }}' }],
    ['POST /api/credentials', { name: credential, type: 'bearer', data: { token: 'x' } }],
    ['POST /api/credentials', { name: 'shared', type: 'bearer', data: { token: 'x' } }],
    [`GET /api/aggregate/loop/results?execution_id=${execution}&step_name=items`],
    [`GET /api/result/resolve?ref=${encodeURIComponent(ref)}`],
    [`GET /api/temp/resolve?ref=${encodeURIComponent(ref)}`],
  ];
}

/** What would touch or show everything. */
function listed({ theirs }: AccessStage): [route: string, body?: unknown][] {
  const since = '2026-01-01T00:00:00Z';
  return [
    ['GET /api/executions'],
    [`GET /api/executions?path=${encodeURIComponent(theirs.path)}`],
    [`GET /api/executions?catalog_id=${theirs.catalog}`],
    ['GET /api/catalog'],
    ['POST /api/catalog/list', {}],
    ['GET /api/schedules'],
    ['GET /api/credentials'],
    ['POST /api/executions/cleanup', { older_than_minutes: 0, dry_run: true }],
    ['POST /api/bulk/cancel', { since, dry_run: true }],
    ['POST /api/bulk/pause', { since }],
    ['POST /api/bulk/resume', { since }],
    ['POST /api/bulk/redrive', { since, step: 'items', state: 'failed', dry_run: true }],
  ];
}

function attack(
  stage: AccessStage,
  name: string,
  route: string,
  call: Call,
  stopped: (reply: Reply) => boolean,
): Attack {
  const attempt = async (): Promise<Outcome> => {
    const [method = '', template = ''] = route.split(' ');
    const reply = await stage.call(method, filled(stage, template), call);
    return { blocked: stopped(reply), how: `${String(reply.status)} ${reply.text.slice(0, 200)}` };
  };
  return { name, attempt };
}

/** The address of another team's object. */
function filled({ theirs }: AccessStage, template: string): string {
  const id = template.includes('/schedules/') ? theirs.schedule : theirs.execution;
  const name = template.includes('/credentials/')
    ? theirs.credential
    : template.includes('/vars/')
      ? 'note'
      : 'start';
  return template
    .replace(/:(execution_)?id\b/, id)
    .replace(':catalog_id', theirs.catalog)
    .replace(':step', 'items')
    .replace(':key', 'host:example.com')
    .replace(':name', encodeURIComponent(name))
    .replace('*path', theirs.path);
}

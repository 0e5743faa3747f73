/** What is around one command: stored values, credentials, the keychain, and what tools and templates get of them. */
import type { Playbook, Scope } from '@noetl/playbook';
import { nativeValue, scopeOf } from '@noetl/playbook';
import { NoetlError, parseRef, type Context, type Id, type JsonObject } from '@noetl/protocol';
import { executionPayload, getExecution, isWithin, loadValue } from '@noetl/store';
import type { ToolEnvironment, ValueStore } from '@noetl/tools';
import { checkGrant, grantedTo, type GrantedTo } from './grants.ts';
import { Keychain } from './keychain.ts';
import { LoadedValues } from './loaded-values.ts';
import { Redactor } from './redactor.ts';
import { storedValues } from './stored-values.ts';
import type { WorkerDeps } from './worker-deps.ts';

export interface CommandEnvironment {
  environment: ToolEnvironment;
  redactor: Redactor;
  values: LoadedValues;
  /** Names that templates see besides the context. */
  names: Record<string, unknown>;
}

interface About {
  execution_id: Id;
  step: string;
  context: Context;
  playbook: Playbook;
  signal: AbortSignal;
  /** W3C trace context for what is asked of others. */
  traceparent?: string | undefined;
}

interface Guards {
  values: LoadedValues;
  redactor: Redactor;
  check: (ref: string) => Promise<void>;
}

export function environmentOf(deps: WorkerDeps, about: About): CommandEnvironment {
  const { execution_id, step, context, playbook, signal, traceparent } = about;
  const redactor = new Redactor();
  const credentials: ToolEnvironment['credentials'] = async (name) => {
    await checkGrant(name, grantedTo(playbook, context), (above) => executionAbove(deps, above));
    const credential = await deps.credentials.get(name);
    redactor.learn(credential);
    return credential;
  };
  const { tokens } = deps.toolbox;
  const keychain = new Keychain({
    executionId: execution_id,
    playbook,
    tokens,
    credentials,
    redactor,
    signal,
  });
  const names = { now_ms: deps.nowMs(), env: deps.env, keychain: keychain.names() };
  const allowed = new Map<Id, Promise<boolean>>();
  const check = async (ref: string): Promise<void> => {
    const owner = parseRef(ref)?.executionId ?? '0';
    let answer = allowed.get(owner);
    if (!answer) allowed.set(owner, (answer = isWithin(deps.store, owner, execution_id)));
    if (!(await answer))
      throw new NoetlError('TEMPLATE_ERROR', `the value ${ref} does not belong to this execution`);
  };
  const values: LoadedValues = new LoadedValues(async (ref) => {
    if (parseRef(ref)?.kind === 'keychain') {
      const scope = (): Scope => scopeOf(context, names, values.resolve);
      return keychain.resolve(ref, (work) => values.run(() => work(scope())));
    }
    return loadValue(deps.store, execution_id, ref);
  });
  const environment: ToolEnvironment = {
    execution_id,
    step,
    context: asPrograms(context),
    values: guarded(storedValues(deps.store, execution_id), { values, redactor, check }),
    credentials,
    hide: (secret) => redactor.learnValue(secret),
    redact: (text) => redactor.result(text),
    signal,
    ...(traceparent !== undefined && { traceparent }),
    error_status: playbook.generation === 'seed',
  };
  return { environment, redactor, values, names };
}

async function executionAbove({ store, playbooks }: WorkerDeps, executionId: Id): Promise<GrantedTo> {
  const execution = await getExecution(store, executionId);
  if (!execution) throw new NoetlError('INTERNAL', `execution ${executionId} above is not in the database`);
  const { catalog_id, parent_execution_id } = execution;
  const payload = await executionPayload(store, executionId);
  return { playbook: await playbooks(catalog_id), payload, parent_execution_id };
}

/** Programs read the values of steps as they are passed on, not as templates look at them. */
function asPrograms(context: Context): Context {
  const { steps, step_kinds } = context;
  const values = Object.entries(steps).map(([name, value]) => [name, nativeValue(value, step_kinds[name])]);
  return { ...context, steps: Object.fromEntries(values) as JsonObject, step_kinds: {} };
}

/**
 * References can also come from outside, as plain data: only those of this execution and its children are read.
 * What is written on the way holds no secret either.
 */
function guarded(stored: ValueStore, { values, redactor, check }: Guards): ValueStore {
  return {
    list: async (ref, from, to) => {
      await check(ref);
      return stored.list(ref, from, to);
    },
    value: async (ref) => {
      if (parseRef(ref)?.kind === 'keychain') return JSON.stringify(await values.content(ref));
      await check(ref);
      return stored.value(ref);
    },
    size: async (ref) => {
      await check(ref);
      return stored.size(ref);
    },
    newList: () => {
      const list = stored.newList();
      return {
        page: (text, count) => list.page(redactor.result(text), count),
        end: () => list.end(),
      };
    },
    keep: (text, about) => stored.keep(redactor.result(text), about),
  };
}

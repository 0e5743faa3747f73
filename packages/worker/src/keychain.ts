/**
 * The keychain of a playbook: entries are references until a template looks into one; only then is it resolved, in
 * this worker, and its values are remembered so that none gets into what is stored.
 */
import { render, type Playbook, type Scope } from '@noetl/playbook';
import {
  hole,
  isJsonObject,
  jsonText,
  makeRef,
  NoetlError,
  parseRef,
  type Id,
  type Json,
  type JsonObject,
} from '@noetl/protocol';
import type { ToolEnvironment, Toolbox } from '@noetl/tools';
import { googleTokenRequest, mappedSecrets } from './cloud-secrets.ts';
import type { Redactor } from './redactor.ts';

/** How deep entries may refer to each other. */
const DEPTH_MAX = 8;
/** Kinds without facts beside their secrets: fields are named as the author likes. */
const ENTIRELY_SECRET = new Set(['secrets', 'secret_manager', 'bearer']);

export interface KeychainDeps {
  executionId: Id;
  playbook: Playbook;
  tokens: Toolbox['tokens'];
  credentials: ToolEnvironment['credentials'];
  redactor: Redactor;
  signal: AbortSignal;
}

export class Keychain {
  readonly #deps: KeychainDeps;
  #depth = 0;

  constructor(deps: KeychainDeps) {
    this.#deps = deps;
  }

  /** `keychain` as templates see it: a reference by name. */
  names(): JsonObject {
    const { executionId, playbook } = this.#deps;
    return Object.fromEntries(
      playbook.keychain.map((entry, index) => [
        jsonText(entry['name']),
        hole(makeRef(executionId, 'keychain', String(index), 0, 0)),
      ]),
    );
  }

  /** Content of an entry's reference. `evaluate` renders with whatever values that needs. */
  async resolve(ref: string, evaluate: (work: (scope: Scope) => Json) => Promise<Json>): Promise<Json> {
    const { executionId, playbook, redactor } = this.#deps;
    const parsed = parseRef(ref);
    const entry = playbook.keychain[Number(parsed?.id)];
    if (!entry || parsed?.executionId !== executionId)
      throw new NoetlError('KEYCHAIN_UNKNOWN', `the keychain has no entry behind ${ref}`);
    const name = jsonText(entry['name']);
    if (this.#depth >= DEPTH_MAX)
      throw new NoetlError('KEYCHAIN_UNKNOWN', `the keychain entry "${name}" refers to itself`);
    this.#depth += 1;
    try {
      const rendered = await evaluate((scope) => render(entry, scope));
      const value = await this.#value(name, isJsonObject(rendered) ? rendered : {});
      // What the document itself says is no secret.
      const kind = kindOf(entry);
      if (kind !== 'static')
        redactor.learnValue(isJsonObject(value) && ENTIRELY_SECRET.has(kind) ? Object.values(value) : value);
      return value;
    } finally {
      this.#depth -= 1;
    }
  }

  async #value(name: string, entry: JsonObject): Promise<Json> {
    const kind = kindOf(entry);
    switch (kind) {
      case 'static':
        return entry['map'] ?? entry['data'] ?? entry['values'] ?? {};
      case 'bearer':
        return { token: entry['token'] ?? entry['value'] ?? null };
      case 'credential':
      case 'credential_ref':
        return this.#credential(name, entry);
      case 'oauth2':
        return this.#deps.tokens.token(await this.#oauth(entry), this.#deps.signal);
      case 'secrets':
      case 'secret_manager':
        return mappedSecrets(entry['map'], this.#deps.credentials);
      case 'google_id_token':
        return this.#identity(entry);
      default:
        throw new NoetlError('TOOL_CONFIG', `the keychain entry "${name}" is of the unknown kind "${kind}"`, {
          hint: 'Use static, bearer, credential, oauth2, secrets or google_id_token.',
        });
    }
  }

  async #identity(entry: JsonObject): Promise<Json> {
    const { tokens, credentials, redactor, signal } = this.#deps;
    const { endpoint, grant_type, assertion } = await googleTokenRequest(entry, credentials);
    redactor.learnValue(assertion);
    return tokens.token({ endpoint, form: { grant_type, assertion } }, signal);
  }

  async #credential(name: string, entry: JsonObject): Promise<Json> {
    const alias = entry['credential'] ?? entry['ref'] ?? entry['auth'];
    if (typeof alias !== 'string')
      throw new NoetlError('TOOL_CONFIG', `the keychain entry "${name}" names no \`credential\``);
    return (await this.#deps.credentials(alias)).data;
  }

  /** The entry's own fields over those of the credential it names. */
  async #oauth({
    name: _,
    kind: __,
    type: ___,
    scope: ____,
    auth,
    credential,
    ...fields
  }: JsonObject): Promise<JsonObject> {
    const alias = credential ?? auth;
    if (typeof alias !== 'string') return fields;
    const { data } = await this.#deps.credentials(alias);
    return { ...data, ...fields };
  }
}

function kindOf(entry: JsonObject): string {
  return jsonText(entry['kind'] ?? entry['type'] ?? 'static').toLowerCase();
}

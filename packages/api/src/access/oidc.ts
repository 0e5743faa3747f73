/** Tokens of an identity provider (OpenID Connect): checked against its keys, its groups turned into roles. */
import { NoetlError, parseGrant, type Grant } from '@noetl/protocol';
import { ConfigError, type OidcConfig } from '@noetl/service';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Caller } from './caller.ts';

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
const CLOCK_TOLERANCE_S = 5;
const DISCOVERY_WITHIN_MS = 5_000;
const NAME_MAX = 200;

/** Errors of jose that tell of the provider's keys, not of the token. */
const AWAY = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC']);

/** Throws ConfigError for roles that cannot be read. */
export function oidcVerifier(config: OidcConfig): (token: string) => Promise<Caller> {
  const grants = grantsByGroup(config.roles);
  const keys = lastGood(() => keysOf(config));
  return async (token) => {
    const { issuer, audience } = config;
    const key = await keys().catch(away);
    const { payload } = await jwtVerify(token, key, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ['sub', 'exp'],
    }).catch(refused);
    const groups = wordsOf(claimOf(payload, config.rolesClaim));
    return {
      name: nameOf(payload, config.nameClaim),
      via: 'oidc',
      token_id: null,
      grants: groups.flatMap((group) => grants.get(group) ?? []),
    };
  };
}

function refused(error: unknown): never {
  const isOfToken = error instanceof errors.JOSEError && !AWAY.has(error.code);
  if (!isOfToken) return away(error);
  throw new NoetlError('TOKEN_INVALID', `the token is not accepted: ${error.message}`);
}

function away(cause: unknown): never {
  throw new NoetlError('SERVICE_UNAVAILABLE', 'the keys of the identity provider cannot be read', {
    hint: 'Try again shortly; is NOETL_OIDC_ISSUER right?',
    cause,
  });
}

/** Asked for once, and again only after it has failed. */
function lastGood<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

async function keysOf({ issuer, jwksUrl }: OidcConfig): Promise<JWTVerifyGetKey> {
  return createRemoteJWKSet(new URL(jwksUrl ?? (await discovered(issuer))));
}

/** The address of the keys, as the issuer itself tells it. */
async function discovered(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(DISCOVERY_WITHIN_MS) });
  if (!answer.ok) throw new Error(`${url} answered ${String(answer.status)}`);
  const document = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (document.issuer !== issuer || typeof document.jwks_uri !== 'string')
    throw new Error(`${url} does not tell of ${issuer}`);
  return document.jwks_uri;
}

function grantsByGroup(rows: string[]): Map<string, Grant[]> {
  const byGroup = new Map<string, Grant[]>();
  for (const row of rows) {
    const at = row.lastIndexOf('=');
    if (at < 1) throw new ConfigError(`"NOETL_OIDC_ROLES" must hold group=role, not "${row}"`);
    const group = row.slice(0, at).trim();
    byGroup.set(group, [...(byGroup.get(group) ?? []), grantOf(row.slice(at + 1))]);
  }
  return byGroup;
}

function grantOf(text: string): Grant {
  try {
    return parseGrant(text);
  } catch (error) {
    throw new ConfigError(`"NOETL_OIDC_ROLES": ${(error as Error).message}`);
  }
}

/** The claim of that name, or what its dots lead to: `realm_access.roles`. */
function claimOf(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  return name
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? (value as Record<string, unknown>)[key]
          : undefined,
      payload,
    );
}

/** Groups come as a list, or as one text with spaces between them. */
function wordsOf(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim.filter((item) => typeof item === 'string') : [];
}

function nameOf(payload: JWTPayload, claim: string): string {
  const name = claimOf(payload, claim);
  return (typeof name === 'string' && name !== '' ? name : (payload.sub ?? '')).slice(0, NAME_MAX);
}

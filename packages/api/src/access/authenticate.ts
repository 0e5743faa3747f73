/** Who sends a request: found by its bearer token, which is one of ours, the admin's of the environment, or a JWT. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { NoetlError, type Grant } from '@noetl/protocol';
import type { AuthConfig } from '@noetl/service';
import { verifyApiToken, type Store } from '@noetl/store';
import type { Request } from 'express';
import type { Caller } from './caller.ts';
import { oidcVerifier } from './oidc.ts';

const EVERYTHING: Grant[] = [{ role: 'admin', prefix: '' }];
const LOCAL: Caller = { name: 'local', via: 'local', token_id: null, grants: EVERYTHING };
const ADMIN: Caller = { name: 'admin', via: 'admin_token', token_id: null, grants: EVERYTHING };

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** The caller of a request. Throws AUTH_REQUIRED, TOKEN_INVALID; SERVICE_UNAVAILABLE when a token cannot be checked. */
export type Authenticate = (request: Request) => Promise<Caller>;

/** Throws ConfigError. */
export function authentication(store: Store, { on, adminToken, oidc }: AuthConfig): Authenticate {
  if (!on) return () => Promise.resolve(LOCAL);
  const isAdmin = adminToken === undefined ? () => false : sameAs(adminToken);
  const verifyJwt = oidc && oidcVerifier(oidc);
  return async ({ headers: { authorization } }) => {
    if (authorization === undefined) throw new NoetlError('AUTH_REQUIRED', 'the request carries no token');
    const [, token] = BEARER.exec(authorization) ?? [];
    if (token === undefined) throw invalid('the header Authorization is not "Bearer" and a token');
    if (isAdmin(token)) return ADMIN;
    if (verifyJwt && JWT.test(token)) return verifyJwt(token);
    const found = await verifyApiToken(store, token);
    if (typeof found === 'string') throw invalid(`the token is ${found}`);
    const { name, token_id, grants } = found;
    return { name, via: 'token', token_id, grants };
  };
}

/** Compares hashes, so that neither length nor content shows in the time it takes. */
function sameAs(secret: string): (token: string) => boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = hash(secret);
  return (token) => timingSafeEqual(hash(token), wanted);
}

function invalid(detail: string): NoetlError {
  return new NoetlError('TOKEN_INVALID', detail);
}

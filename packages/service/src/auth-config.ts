/** Who may call the api: the part of the configuration that says so. */
import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.ts';
import type { Get } from './variables.ts';

export interface AuthConfig {
  /** False only where nobody else can reach the api. */
  on: boolean;
  /** A token with all rights, for the first steps; tokens of its own kind are made with it. */
  adminToken?: string;
  oidc?: OidcConfig;
}

/** An identity provider whose tokens are taken. */
export interface OidcConfig {
  issuer: string;
  audience: string[];
  /** Where its keys are; what the issuer's discovery document says when absent. */
  jwksUrl?: string;
  /** Claim that lists the groups of a caller; dots lead into objects. */
  rolesClaim: string;
  /** Claim that names a caller, in the audit log as well. */
  nameClaim: string;
  /** `group=role` or `group=role:prefix`. */
  roles: string[];
}

const ADMIN_TOKEN = /^[A-Za-z0-9._~+/-]{32,512}=*$/;

/** Throws {@link ConfigError}. */
export function authConfig(get: Get): AuthConfig {
  const adminToken = adminTokenOf(
    get('NOETL_ADMIN_TOKEN').asString(),
    get('NOETL_ADMIN_TOKEN_FILE').asString(),
  );
  const oidc = oidcOf(get);
  const wanted = adminToken !== undefined || oidc !== undefined ? 'on' : 'off';
  return {
    on: get('NOETL_AUTH').default(wanted).asEnum(['on', 'off']) === 'on',
    ...(adminToken !== undefined && { adminToken }),
    ...(oidc && { oidc }),
  };
}

function adminTokenOf(written = '', file = ''): string | undefined {
  if (written === '' && file === '') return undefined;
  const [name, token] =
    written === '' ? ['NOETL_ADMIN_TOKEN_FILE', contentOf(file)] : ['NOETL_ADMIN_TOKEN', written];
  if (ADMIN_TOKEN.test(token)) return token;
  throw new ConfigError(
    `"${name}" must hold 32 to 512 letters, digits or "._~+/-", for example from: openssl rand -base64 32`,
  );
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(`"NOETL_ADMIN_TOKEN_FILE" cannot be read: ${(error as Error).message}`);
  }
}

function oidcOf(get: Get): OidcConfig | undefined {
  const issuer = get('NOETL_OIDC_ISSUER').default('').asString();
  const jwksUrl = get('NOETL_OIDC_JWKS_URL').default('').asString();
  const settings = {
    issuer,
    audience: get('NOETL_OIDC_AUDIENCE').default('').asArray(),
    rolesClaim: get('NOETL_OIDC_ROLES_CLAIM').default('roles').asString(),
    nameClaim: get('NOETL_OIDC_NAME_CLAIM').default('sub').asString(),
    roles: get('NOETL_OIDC_ROLES').default('').asArray(),
    ...(jwksUrl !== '' && { jwksUrl }),
  };
  if (issuer === '') return undefined;
  if (settings.audience.length === 0)
    throw new ConfigError('"NOETL_OIDC_AUDIENCE" must name whom tokens of NOETL_OIDC_ISSUER are made for');
  if (settings.roles.length === 0)
    throw new ConfigError('"NOETL_OIDC_ROLES" must say what groups may do, such as admins=admin');
  for (const [name, url] of Object.entries({ NOETL_OIDC_ISSUER: issuer, NOETL_OIDC_JWKS_URL: jwksUrl }))
    if (url !== '' && !isSafe(url))
      throw new ConfigError(`"${name}" must be an address with https (http on this machine only)`);
  return settings;
}

/** Whoever can change the keys on their way can make any token. */
function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isHere);
}

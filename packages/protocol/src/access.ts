/** Who may do what: roles, each for a part of the catalog. Pure, so that server and command line read them alike. */
import { NoetlError } from './error.ts';

/** Each may do what those before it may. */
export const ROLES = ['viewer', 'operator', 'author', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** A role for the paths below a prefix. */
export interface Grant {
  role: Role;
  /** Ends in `/`; empty for the whole catalog and the platform itself. */
  prefix: string;
}

const PREFIX_MAX = 500;

/** Whether a role may do what needs another one. */
export function suffices(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** `team-a/` holds `team-a/job` and `team-a` itself, never `team-ab/job`. */
export function isUnder(path: string, prefix: string): boolean {
  return prefix === '' || path.startsWith(prefix) || `${path}/` === prefix;
}

/** Where these grants allow what a role may; `['']` means everywhere. */
export function prefixesOf(grants: readonly Grant[], needed: Role): string[] {
  const prefixes = grants.filter(({ role }) => suffices(role, needed)).map(({ prefix }) => prefix);
  return prefixes.includes('') ? [''] : [...new Set(prefixes)];
}

/** `operator`, or `operator:team-a/`. Throws GRANT_INVALID. */
export function parseGrant(text: string): Grant {
  const [word = '', ...rest] = text.split(':');
  const role = ROLES.find((candidate) => candidate === word.trim());
  if (!role)
    throw new NoetlError('GRANT_INVALID', `"${text}" does not begin with one of ${ROLES.join(', ')}`);
  return { role, prefix: prefixOf(rest.join(':').trim()) };
}

/** A prefix as it is compared: whole segments. Throws GRANT_INVALID. */
export function prefixOf(text: string): string {
  if (text === '') return '';
  if (text.length > PREFIX_MAX || text.startsWith('/') || /[\0\s]/.test(text))
    throw new NoetlError('GRANT_INVALID', `"${text}" is no prefix of catalog paths, such as team-a/`);
  return text.endsWith('/') ? text : `${text}/`;
}

export function grantText({ role, prefix }: Grant): string {
  return prefix === '' ? role : `${role}:${prefix}`;
}

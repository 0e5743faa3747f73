/**
 * Authentication in tests: platforms ask for a token when a test wants it, and all of them with NOETL_TEST_AUTH=on.
 * Test clients send an admin's token always; where none is asked for it means nothing.
 */
export type AuthMode = 'on' | 'off';

/** The admin's token of every platform of tests. */
export const ADMIN_TOKEN = 'admin-token-of-the-tests-and-of-nothing-else';

function authMode(): AuthMode {
  return process.env['NOETL_TEST_AUTH'] === 'on' ? 'on' : 'off';
}

/** Environment of a platform's processes. */
export function authEnv(mode = authMode()): Record<string, string> {
  // What this process starts besides, such as the command line, sends the token as well.
  if (mode === 'on') process.env['NOETL_TOKEN'] = ADMIN_TOKEN;
  return { NOETL_AUTH: mode, NOETL_ADMIN_TOKEN: ADMIN_TOKEN };
}

export function fetchAsAdmin(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${ADMIN_TOKEN}`);
  return fetch(url, { ...init, headers });
}

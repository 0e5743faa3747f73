/**
 * What says by its name that it is a secret: passwords in addresses, parameters of queries, headers. A second rule,
 * for messages and logs only, where nobody knows the value: results are never changed by the names in them.
 */
import { HIDDEN } from './secrets.ts';

const USER_INFO = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@"']*):[^\s@/"']+@/gi;
const PARAMETER =
  /([?&](?:access_token|refresh_token|id_token|token|api_?key|client_secret|password|passwd|pwd|secret|sig|signature|x-amz-signature|x-amz-security-token)=)[^&\s"'#]+/gi;
const HEADER =
  /\b((?:proxy-)?authorization|(?:set-)?cookie|x-(?:api-key|auth-token))(\\?["']?\s*[:=]\s*\\?["']?)(?:(bearer|basic|token|digest)\s+)?[^\s"'\\,;})\]]+/gi;
const KEY_VALUE =
  /\b(password|passwd|client_secret|secret_key|private_key)(=|\\?["']\s*:\s*\\?["'])[^\s"'\\,;})\]&]+/gi;

export function withoutNamed(text: string): string {
  return text
    .replace(USER_INFO, `$1:${HIDDEN}@`)
    .replace(PARAMETER, `$1${HIDDEN}`)
    .replace(HEADER, (_, name: string, between: string, scheme?: string) =>
      [name, between, scheme === undefined ? '' : `${scheme} `, HIDDEN].join(''),
    )
    .replace(KEY_VALUE, `$1$2${HIDDEN}`);
}

/** An identity provider of our own, with the tokens that it gives and those that somebody forges in its name. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  type JWTHeaderParameters,
} from 'jose';

const AUDIENCE = 'noetl-test';
const ALGORITHM = 'RS256';
const KID = 'key-1';

export interface Provider {
  /** Settings of an api that takes its tokens; the group of each role has the role's name. */
  env: Record<string, string>;
  /** A good token of a caller in these groups. */
  token(groups: string[]): Promise<string>;
  /** Tokens that look like those of an admin; none may be taken. */
  forged(): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startProvider(): Promise<Provider> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: KID, alg: ALGORITHM, use: 'sig' };
  let issuer = '';
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    const isKeys = request.url === '/keys';
    response.end(JSON.stringify(isKeys ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const claims = (groups: string[]) => ({ groups, email: `${groups.join('-')}@example.com` });
  const jwt = (groups: string[], header: JWTHeaderParameters): SignJWT =>
    new SignJWT(claims(groups))
      .setProtectedHeader(header)
      .setSubject('somebody')
      .setIssuer(issuer)
      .setAudience(AUDIENCE)
      .setExpirationTime('5m');
  const good = { alg: ALGORITHM, kid: KID };
  return {
    env: {
      NOETL_OIDC_ISSUER: issuer,
      NOETL_OIDC_AUDIENCE: AUDIENCE,
      NOETL_OIDC_ROLES: 'viewer=viewer,operator=operator,author=author,admin=admin,team-a=admin:team-a/',
      NOETL_OIDC_ROLES_CLAIM: 'groups',
      NOETL_OIDC_NAME_CLAIM: 'email',
    },
    token: (groups) => jwt(groups, good).sign(privateKey),
    forged: async () => {
      const admin = (header: JWTHeaderParameters = good): SignJWT => jwt(['admin'], header);
      const other = await generateKeyPair(ALGORITHM, { extractable: true });
      const embedded = { ...(await exportJWK(other.publicKey)), alg: ALGORITHM };
      const asSecret = new TextEncoder().encode(await exportSPKI(publicKey));
      return {
        'alg none': new UnsecuredJWT(claims(['admin']))
          .setSubject('somebody')
          .setIssuer(issuer)
          .setAudience(AUDIENCE)
          .setExpirationTime('5m')
          .encode(),
        'another issuer': await admin().setIssuer('https://other.example').sign(privateKey),
        'another audience': await admin().setAudience('other').sign(privateKey),
        'an expired JWT': await admin().setExpirationTime('-1m').sign(privateKey),
        'a JWT for later': await admin().setNotBefore('2m').sign(privateKey),
        'another key under the same name': await admin().sign(other.privateKey),
        'a key in its own header': await admin({ alg: ALGORITHM, jwk: embedded }).sign(other.privateKey),
        'the public key as a secret': await admin({ alg: 'HS256', kid: KID }).sign(asSecret),
      };
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

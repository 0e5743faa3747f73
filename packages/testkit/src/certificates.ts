/** Certificates for one test run, signed by themselves: whoever is given one as an authority trusts it, nobody else does. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  keyFile: string;
  certFile: string;
  /** In PEM. */
  key: string;
  cert: string;
}

/** Made in `folder` by openssl; good for localhost and 127.0.0.1, as server and as client. */
export function makeCertificate(folder: string, name: string): Certificate {
  const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const about = ['-days', '1', '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', certFile];
  const good = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  execFileSync('openssl', [...made, ...about, ...good], { stdio: 'ignore' });
  return { keyFile, certFile, key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
}

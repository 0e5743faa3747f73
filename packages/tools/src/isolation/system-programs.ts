/** Programs of the system that isolation is made with, at fixed places: a PATH is not to be trusted with this. */
import { accessSync, constants } from 'node:fs';

const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];

function find(name: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  return FOLDERS.map((folder) => `${folder}/${name}`).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** util-linux: another account, no new privileges, and the end of the process with its parent. */
export const SETPRIV = find('setpriv');
/** util-linux: limits of a process. */
export const PRLIMIT = find('prlimit');
/** util-linux: what the kernel has logged. */
export const DMESG = find('dmesg');
/** bubblewrap: namespaces. */
export const BWRAP = find('bwrap');

/** Playbook files as commands take them: single files, and folders that are searched. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { usageError } from './failure.ts';

/** A file to read; one that was found in a folder may be something else than a playbook. */
export interface Candidate {
  file: string;
  found: boolean;
}

/** Every file named or found, once each; all paths are looked at before any file is. */
export async function candidates(paths: string[]): Promise<Candidate[]> {
  const all = new Map<string, Candidate>();
  for (const path of paths) {
    if (await isFolder(path)) {
      for (const file of await yamlBelow(path)) if (!all.has(file)) all.set(file, { file, found: true });
    } else {
      all.set(path, { file: path, found: false });
    }
  }
  return [...all.values()];
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function yamlBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (files.length === 0) throw usageError(`there is no *.yaml or *.yml in ${folder}`);
  return files;
}

export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(path: string, cause: unknown): Error {
  return usageError(`cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`);
}

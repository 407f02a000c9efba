/** Directories made with their parents, by a loop of our own: Node's recursive mkdir loops for ever where a file system, such as
 * /proc, answers that the parent which is there is not. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Makes the directory and what is missing above it; one that is there stays as it is. Throws the first error. */
export function makeDirectory(directory: string, mode?: number): void {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path) && dirname(path) !== path; path = dirname(path))
    missing.push(path);
  for (const path of missing.toReversed()) makeOne(path, mode);
  if (!statSync(directory).isDirectory()) throw new Error(`${directory} is not a directory`);
}

/** Another process may make it at the same moment. */
function makeOne(path: string, mode: number | undefined): void {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * The cache of large downloads and builds, kept once for all checkouts of this user, outside of them. An entry is a directory
 * that appears whole or not at all; two processes that want the same entry do not build it twice.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock.ts';
import { makeDirectory } from './make-directory.ts';

/**
 * The cache's directory, made if it is missing: in the platform's usual place or, if that cannot be used, among the temporary
 * files.
 */
export function cacheDirectory(xdgCacheHome: string | undefined): string {
  const usual = {
    darwin: join(homedir(), 'Library', 'Caches'),
    win32: join(homedir(), 'AppData', 'Local'),
  } as Partial<Record<NodeJS.Platform, string>>;
  const parent = xdgCacheHome || (usual[process.platform] ?? join(homedir(), '.cache'));
  try {
    return made(join(parent, 'counterpoise'));
  } catch {
    return made(join(tmpdir(), `counterpoise-${process.getuid?.() ?? 'cache'}`));
  }
}

/**
 * The directory of the entry `name`. Unless `isUsable` accepts what is there, `build` fills a temporary directory, which then
 * takes its place. A process that finds another building the entry calls `waiting`, and waits for it.
 */
export async function cached(
  cacheDir: string,
  name: string,
  isUsable: (directory: string) => Promise<boolean>,
  build: (directory: string) => Promise<void>,
  waiting: () => void,
): Promise<string> {
  const entry = join(cacheDir, name);
  if (await isUsable(entry)) return entry;
  return withLock(join(cacheDir, `${name}.lock`), waiting, async () => {
    if (await isUsable(entry)) return entry;
    const building = `${entry}.building`;
    rmSync(building, { recursive: true, force: true });
    mkdirSync(building);
    // A Ctrl-C in the middle of a long build must not leave half of it behind.
    const removeHalf = (): void => rmSync(building, { recursive: true, force: true });
    process.once('exit', removeHalf);
    try {
      await build(building);
      await rm(entry, { recursive: true, force: true });
      await rename(building, entry);
    } finally {
      process.off('exit', removeHalf);
      removeHalf();
    }
    return entry;
  });
}

function made(directory: string): string {
  makeDirectory(directory, 0o700);
  return directory;
}

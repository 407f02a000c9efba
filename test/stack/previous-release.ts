// The previous release, from the repository's history, for tests in which both versions run side by side.

import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The version that a deploy of this one replaces. It runs with the packages of this version. */
const PREVIOUS_RELEASE = '4bbe0edb8919632796684c7066d907702cdeb225';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Undefined if the history does not reach back to it, as in a shallow clone or outside a repository. */
export function checkOutPreviousRelease(directory: string): { readonly directory: string } | undefined {
  const git = (...args: string[]): Buffer =>
    execFileSync('git', ['-C', ROOT, ...args], { maxBuffer: 256 * 1024 ** 2, stdio: ['ignore', 'pipe', 'ignore'] });
  let archive: Buffer;
  try {
    archive = git('archive', PREVIOUS_RELEASE);
  } catch {
    return undefined;
  }
  mkdirSync(directory, { recursive: true });
  execFileSync('tar', ['-x', '-C', directory], { input: archive });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return { directory };
}

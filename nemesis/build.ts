/**
 * A copy of the source tree from which the nemesis runs its stack. The nemesis may edit it, to plant a bug before the start and
 * to deploy another version of the workflow code while the stack runs. An edit throws unless its text occurs exactly once, so
 * that no planted bug gets lost unnoticed.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Edit {
  /** From the root of the source tree, such as `workflows/transfer/direct.ts`. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export interface Build {
  readonly directory: string;
  /** Edits the copy in place: all files or, if an edit does not fit, none. Returns a function that restores these files. */
  readonly edit: (edits: readonly Edit[]) => () => void;
}

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** The folders that a stack needs. */
const FOLDERS = [
  'activities',
  'api',
  'audit',
  'client',
  'commands',
  'console',
  'db',
  'dev',
  'domain',
  'process',
  'temporal',
  'webhooks',
  'workers',
  'workflows',
];

export function makeBuild(directory: string, edits: readonly Edit[] = []): Build {
  mkdirSync(directory, { recursive: true });
  for (const folder of FOLDERS) cpSync(join(ROOT, folder), join(directory, folder), { recursive: true });
  for (const name of readdirSync(ROOT))
    if (/^(package|package-lock)\.json$/.test(name)) cpSync(join(ROOT, name), join(directory, name));
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));

  const build: Build = {
    directory,
    edit(some) {
      const before = new Map<string, string>();
      const after = new Map<string, string>();
      for (const { file, find, replace } of some) {
        const path = join(directory, file);
        if (!before.has(path)) before.set(path, readFileSync(path, 'utf8'));
        after.set(path, replaceOnce(after.get(path) ?? before.get(path)!, { file, find, replace }));
      }
      for (const [path, text] of after) replaceFile(path, text);
      return () => before.forEach((text, path) => replaceFile(path, text));
    },
  };
  build.edit(edits);
  return build;
}

/** Returns the edited text; throws unless the text to replace occurs exactly once. */
function replaceOnce(text: string, { file, find, replace }: Edit): string {
  const pieces = text.split(find);
  if (pieces.length !== 2)
    throw new Error(`${file} has ${pieces.length - 1} times what an edit replaces, expected once: ${find}`);
  return pieces.join(replace);
}

/** Replaces the file at once, so that a process that starts meanwhile never reads half of it. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.next`, text);
  renameSync(`${path}.next`, path);
}

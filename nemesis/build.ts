/**
 * A copy of the source tree that the nemesis runs its stack from, and that it may edit: to plant a bug before the start, and
 * to deploy another version of the workflow code while it runs. An edit whose text is not there exactly once throws, so
 * no bug silently stops being planted.
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
  /** Edits the copy in place: all files or, if an edit does not fit, none. Returns what puts these files back as they were. */
  readonly edit: (edits: readonly Edit[]) => () => void;
}

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** What a stack runs on. */
const FOLDERS = [
  'activities',
  'api',
  'audit',
  'client',
  'commands',
  'db',
  'dev',
  'domain',
  'process',
  'temporal',
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

/** The text with the edit made; throws unless what is to be replaced is there exactly once. */
function replaceOnce(text: string, { file, find, replace }: Edit): string {
  const pieces = text.split(find);
  if (pieces.length !== 2)
    throw new Error(`${file} has ${pieces.length - 1} times what an edit replaces, expected once: ${find}`);
  return pieces.join(replace);
}

/** Never half written for a process that starts just now. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.next`, text);
  renameSync(`${path}.next`, path);
}

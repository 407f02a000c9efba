/**
 * The workflow code as workers run it: one file, bundled once for what it is made of and kept beside the packages, for
 * bundling costs a second or two of every start and a bundler's memory. `node workers/workflow-bundle.ts` makes it ahead of
 * the first start, as the container image does.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger, type WorkflowBundleOption } from '@temporalio/worker';

const ROOT = new URL('../', import.meta.url);
const CACHE = new URL('node_modules/.cache/counterpoise/', ROOT);
/** What the bundle is made of: its sources, and the packages in their versions. */
const SOURCES = ['workflows/', 'domain/'];
const VERSIONS = 'package-lock.json';

const silent = (): void => {};
const QUIET: Logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/** The bundle of the code that is here, made if there is none. Any number of processes may ask at once. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const file = new URL(`workflows-${await workflowCodeHash()}.js`, CACHE);
  const kept = { codePath: fileURLToPath(file) };
  if (existsSync(file)) return kept;

  const workflowsPath = fileURLToPath(new URL('workflows/index.ts', ROOT));
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    // Evaluated once for a worker and not for every run: none of these modules keeps anything, and the SDK freezes them.
    preloadModules: [workflowsPath],
    logger: QUIET,
  });
  try {
    await mkdir(CACHE, { recursive: true });
    const written = new URL(`${file.href}.${process.pid}`);
    await writeFile(written, code);
    await rename(written, file);
    return kept;
  } catch {
    // Where nothing can be written, it is made anew at every start.
    return { code };
  }
}

/** What the bundle of the sources under `root` is kept under: another source, at whatever depth, is another bundle. */
export async function workflowCodeHash(root = ROOT): Promise<string> {
  const hash = createHash('sha256').update(await readFile(new URL(VERSIONS, root)));
  hash.update(await readFile(new URL(import.meta.url)));
  for (const folder of SOURCES) {
    const names = (await readdir(new URL(folder, root), { recursive: true })).filter((name) => name.endsWith('.ts'));
    for (const name of names.sort())
      hash.update(`\0${folder}${name}\0`).update(await readFile(new URL(folder + name, root)));
  }
  return hash.digest('hex').slice(0, 32);
}

if (import.meta.main) await workflowBundle();

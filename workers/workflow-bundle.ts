/**
 * The workflow code as workers run it: one file, bundled once for each state of its sources and kept beside the packages, because
 * bundling costs every start a second or two and a bundler's memory. `node workers/workflow-bundle.ts` makes it ahead of the first
 * start, as the container image does.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger, type WorkflowBundleOption } from '@temporalio/worker';
import { FAILURE_CONVERTER } from '../temporal/data-converter.ts';

const ROOT = new URL('../', import.meta.url);
const CACHE = new URL('node_modules/.cache/counterpoise/', ROOT);
/** The sources of the bundle: these folders, and the packages in the versions of the lock file. */
const SOURCES = ['workflows/', 'domain/'];
const VERSIONS = 'package-lock.json';

const silent = (): void => {};
const QUIET: Logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };

const making = new Map<string | undefined, Promise<WorkflowBundleOption>>();

/**
 * Returns the bundle of the present code, making it if there is none. Any number of processes may ask at once, and any number of
 * workers of one process. `failureConverterPath` is the worker's own, which the code in the sandbox has to know as well.
 */
export function workflowBundle(failureConverterPath?: string): Promise<WorkflowBundleOption> {
  const bundle = making.get(failureConverterPath) ?? makeBundle(failureConverterPath);
  making.set(failureConverterPath, bundle);
  return bundle;
}

async function makeBundle(failureConverterPath: string | undefined): Promise<WorkflowBundleOption> {
  const kind = failureConverterPath === undefined ? 'workflows' : 'workflows-encoding-failures';
  const file = new URL(`${kind}-${await workflowCodeHash()}.js`, CACHE);
  const kept = { codePath: fileURLToPath(file) };
  if (existsSync(file)) return kept;

  const workflowsPath = fileURLToPath(new URL('workflows/index.ts', ROOT));
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    // Evaluated once for a worker and not for every run: none of these modules keeps state, and the SDK freezes them.
    preloadModules: [workflowsPath],
    ...(failureConverterPath === undefined ? {} : { failureConverterPath }),
    logger: QUIET,
  });
  try {
    await mkdir(CACHE, { recursive: true });
    const written = new URL(`${file.href}.${randomUUID()}`);
    await writeFile(written, code);
    await rename(written, file);
    return kept;
  } catch {
    // If the cache cannot be written, the bundle is made anew at every start.
    return { code };
  }
}

/** The hash under which the bundle of the sources under `root` is kept: a change of any source, at any depth, changes it. */
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

if (import.meta.main) {
  await workflowBundle();
  await workflowBundle(FAILURE_CONVERTER);
}

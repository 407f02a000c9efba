/**
 * `npm run rebind`: shows which installation each database belongs to, when it was bound, and what does not fit; exits 1 if
 * something does not. `-- --moved`: the databases are those of one installation that were restored, upgraded or moved, or the
 * installation has another Temporal namespace now: binds them anew. `-- --copy`: the databases are copies, which become an
 * installation of their own, in a Temporal namespace of its own. The databases are those that the settings name for an
 * administrator (WALLET_ADMIN_DATABASE_URLS, TRANSFER_ADMIN_DATABASE_URL), otherwise those on DATA_DIR, whose servers it starts for
 * the time. To be run while no service runs.
 */
import { inheritedEnvironment, readSettings, type Settings } from '../process/config.ts';
import { EXIT } from '../process/exit-code.ts';
import { faultsOf, readBindings, rebindInstallation, type Rebinding } from '../db/bind-installation.ts';
import { InstallationError } from '../domain/installation.ts';
import { reasonOf, StackError, UsageError } from '../dev/stack-error.ts';
import { connectClient, createClient } from '../temporal/connection.ts';
import { namespaceId } from '../temporal/namespace-binding.ts';
import { readFlags } from './arguments.ts';
import { compareWatermarks } from './compare-watermarks.ts';
import { exitCodeFor, isExplained } from './exit.ts';
import { administratedDatabases, migratedDatabases, migrateDatabases } from './migrate-databases.ts';

const USAGE = `Usage: npm run rebind -- [--moved | --copy]
  (neither)  shows which installation each database belongs to, and what does not fit
  --moved    these are the databases of one installation that were restored, upgraded or moved: binds them anew
  --copy     these are copies that become an installation of their own, in a Temporal namespace of its own
The databases are those of WALLET_ADMIN_DATABASE_URLS and TRANSFER_ADMIN_DATABASE_URL, otherwise those on DATA_DIR.`;
const STOP_LIMIT_MS = 3_000;

try {
  const flags = readFlags({ moved: { type: 'boolean' }, copy: { type: 'boolean' } }, USAGE);
  if (flags.moved === true && flags.copy === true)
    throw new UsageError(`Only one of --moved and --copy can be meant\n${USAGE}`);
  const rebinding = flags.moved === true ? 'moved' : flags.copy === true ? 'copy' : undefined;
  const settings = readSettings();
  const fits = settings.TRANSFER_ADMIN_DATABASE_URL
    ? await rebind(settings, rebinding)
    : await withServersOf(settings, (all) => rebind(all, rebinding));
  process.exit(fits ? EXIT.ok : EXIT.failed);
} catch (error) {
  const isSaid = isExplained(error) || error instanceof InstallationError;
  console.error(`rebind: ${isSaid ? error.message : reasonOf(error)}`);
  process.exit(exitCodeFor(error));
}

/** Binds the databases anew, if `rebinding` says so, and prints how they are bound. Returns whether everything fits together. */
async function rebind(settings: Settings, rebinding: Rebinding | undefined): Promise<boolean> {
  // All missing settings are named before anything is done.
  const migrated = rebinding === undefined ? undefined : migratedDatabases(settings);
  const databases = administratedDatabases(settings);
  const connection = connectClient(settings);
  try {
    const namespace = await namespaceId(createClient(connection, settings));
    if (rebinding !== undefined && migrated !== undefined) {
      await migrateDatabases(migrated, (line) => console.log(line));
      const installationId = await rebindInstallation(databases, namespace, rebinding);
      console.log(`bound to installation ${installationId}`);
      for (const line of await compareWatermarks(settings)) console.log(line);
    }
    const bindings = await readBindings(databases);
    for (const { name, installationId, boundAt } of bindings)
      console.log(
        installationId === undefined
          ? `${name}: bound to no installation`
          : `${name}: installation ${installationId}, bound at ${boundAt?.toISOString()}`,
      );
    const faults = faultsOf(bindings, namespace);
    console.log(
      faults.length === 0
        ? 'Everything fits together.'
        : [
            ...faults.map((fault) => `! ${fault}`),
            'If these databases are one installation that was restored, upgraded or moved, or whose Temporal namespace is another one now:',
            '  npm run rebind -- --moved',
            'If they are copies that are to be an installation of their own, in a Temporal namespace of its own:',
            '  npm run rebind -- --copy',
          ].join('\n'),
    );
    return faults.length === 0;
  } finally {
    await connection.close();
  }
}

/** Starts PostgreSQL and Temporal of the stack on DATA_DIR, which no launcher may have running, and stops them after `use`. */
async function withServersOf<T>(settings: Settings, use: (all: Settings) => Promise<T>): Promise<T> {
  const { cacheDirectory, showProgress, startInfrastructure } = await loadLauncher();
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort());
  const infrastructure = await startInfrastructure({
    dataDir: settings.DATA_DIR,
    cacheDir: cacheDirectory(settings.XDG_CACHE_HOME),
    ports: {
      postgres: settings.POSTGRES_PORT,
      ...(settings.TEMPORAL_ADDRESS ? {} : { temporal: settings.TEMPORAL_PORT, temporalUi: settings.TEMPORAL_UI_PORT }),
    },
    temporalAddress: settings.TEMPORAL_ADDRESS,
    temporalNamespace: settings.TEMPORAL_NAMESPACE,
    isMigrated: false,
    environment: inheritedEnvironment(),
    progress: showProgress(process.stderr),
    interrupt: interrupt.signal,
  });
  try {
    return await use(
      readSettings({ ...inheritedEnvironment(), ...infrastructure.settings, ...infrastructure.administratorSettings }),
    );
  } finally {
    await infrastructure.stop(STOP_LIMIT_MS);
  }
}

/** What starts the servers of a DATA_DIR. The image of the services has neither. */
async function loadLauncher() {
  try {
    const [cache, infrastructure, progress] = await Promise.all([
      import('../dev/cache.ts'),
      import('../dev/infrastructure.ts'),
      import('../dev/progress.ts'),
    ]);
    return { ...cache, ...infrastructure, ...progress };
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new StackError('no stack is started here: set TRANSFER_ADMIN_DATABASE_URL and WALLET_ADMIN_DATABASE_URLS');
  }
}

/**
 * `npm start`: the whole of Counterpoise on this machine, with PostgreSQL and Temporal, until Ctrl-C.
 * `npm start -- --separate` runs each API and each worker as a process of its own.
 */
import { DATA_DIR_DEFAULT, inheritedEnvironment, readSettings, type Settings } from '../process/config.ts';
import { doorsOf } from '../process/doors.ts';
import { cacheDirectory } from '../dev/cache.ts';
import { launch } from '../dev/launcher.ts';
import { showProgress } from '../dev/progress.ts';
import { UsageError } from '../dev/stack-error.ts';
import { readFlags } from './arguments.ts';
import { exitCodeFor, isExplained } from './exit.ts';

// A closed terminal must not end the launcher before it has stopped its children.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  const { separate = false } = readFlags({ separate: { type: 'boolean' } }, 'Usage: npm start -- [--separate]');
  const settings = readSettings();
  if (separate && settings.DISPATCH === 'local')
    throw new UsageError('DISPATCH=local needs API and workers in one process: leave --separate out.');
  // Before anything is started: the services would refuse.
  doorsOf(settings);
  const progress = showProgress(process.stderr);
  progress.note('Starting Counterpoise');
  await launch({
    dataDir: settings.DATA_DIR,
    isOnUsualDataDir: settings.DATA_DIR === DATA_DIR_DEFAULT,
    cacheDir: cacheDirectory(settings.XDG_CACHE_HOME),
    ports: wantedPorts(settings, separate),
    temporalAddress: settings.TEMPORAL_ADDRESS,
    temporalNamespace: settings.TEMPORAL_NAMESPACE,
    proxyPorts: { postgres: settings.POSTGRES_PROXY_PORT, temporal: settings.TEMPORAL_PROXY_PORT },
    environment: inheritedEnvironment(),
    separate,
    progress,
    say: (text) => console.log(text),
  });
  process.exit(0);
} catch (error) {
  console.error(isExplained(error) ? error.message : error);
  process.exit(exitCodeFor(error));
}

function wantedPorts(settings: Settings, separate: boolean) {
  return {
    api: settings.PORT,
    postgres: settings.POSTGRES_PORT,
    ...(!settings.TEMPORAL_ADDRESS && { temporal: settings.TEMPORAL_PORT, temporalUi: settings.TEMPORAL_UI_PORT }),
    metrics: settings.METRICS_PORT,
    ...(separate && {
      walletApi: settings.WALLET_API_PORT,
      internal: settings.INTERNAL_PORT,
      walletInternal: undefined,
      'metrics-wallet-api': undefined,
      'metrics-worker-transfer': undefined,
      'metrics-worker-events': undefined,
      'metrics-worker-wallet-0': undefined,
      'metrics-worker-wallet-1': undefined,
      'metrics-worker-order': undefined,
      'metrics-worker-inventory': undefined,
      'metrics-worker-delivery': undefined,
      'metrics-worker-accounting': undefined,
    }),
  };
}

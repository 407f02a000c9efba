/**
 * The life of a service's process: it starts, with its metrics if it has a port for them and its traces if they have a receiver, runs
 * until SIGINT or SIGTERM, drains and exits 0. A wrong setting is explained in plain words, and any other error is logged; the process
 * exits 2 or 1, and its supervisor starts it again.
 */
import { readSettings, SettingsError, type Settings } from './config.ts';
import { EXIT } from './exit-code.ts';
import { serveMetrics, type MetricsServer } from './metrics-server.ts';
import { createLogger, type Logger } from './telemetry.ts';
import type { RunningTraces } from './trace-export.ts';
import { installTracing } from './traces.ts';

export interface RunningService {
  /** Takes nothing new, finishes what is in flight within some seconds, and frees what it holds. */
  stop(): Promise<void>;
  /** Rejects if the service cannot go on. */
  readonly failed?: Promise<never>;
}

const STOP_TIMEOUT_MS = 9_000;

export async function runService(
  name: string,
  start: (settings: Settings, logger: Logger, metrics?: MetricsServer) => Promise<RunningService>,
): Promise<void> {
  let logger: Logger | undefined;
  try {
    const settings = readSettings();
    logger = createLogger(settings, name);
    const stopRequested = firstSignal();
    // Also while it starts, when it may wait for a database or a Temporal that is gone.
    void stopRequested.then(() => setTimeout(() => process.exit(EXIT.failed), STOP_TIMEOUT_MS).unref());
    const metrics = await serveMetrics(settings, logger);
    const traces = await startTracesIfSet(settings, name, logger);
    const service = await start(settings, logger, metrics);
    logger.info('started');
    const signal = await Promise.race([stopRequested, service.failed ?? stopRequested]);
    logger.info({ signal }, 'stopping');
    await service.stop();
    await Promise.all([metrics?.stop(), traces?.stop()]);
    process.exit(0);
  } catch (error) {
    if (error instanceof SettingsError || logger === undefined)
      process.stderr.write(`${name}: ${(error as Error).message}\n`);
    else logger.fatal({ err: error }, 'ended by an error');
    process.exit(error instanceof SettingsError ? EXIT.usage : EXIT.failed);
  }
}

/** What sends them is loaded only if it is needed, because it takes a quarter of a second. */
async function startTracesIfSet(settings: Settings, name: string, logger: Logger): Promise<RunningTraces | undefined> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = settings;
  if (endpoint === undefined) return undefined;
  const { startTraces } = await import('./trace-export.ts');
  const traces = startTraces(endpoint, settings, name, logger);
  installTracing(traces.tracing);
  return traces;
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.on('SIGINT', resolve);
    process.on('SIGTERM', resolve);
  });
}

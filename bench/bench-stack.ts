/**
 * The stack that a bench measures: PostgreSQL and Temporal as `npm start` starts them, and Counterpoise's process on top on
 * request. Its data directory, the folder `bench` of DATA_DIR, is made for the run and removed after it. If the run is killed, the
 * data stays until the next run.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ownDataDirectory, ownEnvironment } from '../commands/own-environment.ts';
import { readSettings } from '../process/config.ts';
import { cacheDirectory } from '../dev/cache.ts';
import { openDataDirectory } from '../dev/data-directory.ts';
import { startInfrastructure, type Infrastructure } from '../dev/infrastructure.ts';
import type { Progress } from '../dev/progress.ts';
import { servicesOf } from '../dev/services.ts';
import type { Dispatch } from '../workflows/transfer/messages.ts';
import { freePort } from '../workers/core-metrics.ts';
import { callStackOn } from './authorization.ts';

const APP = 'app';
const STOP_LIMIT_MS = 5_000;
const DRAIN_LIMIT_MS = 9_500;
const READY_LIMIT_MS = 60_000;
const CALL_LIMIT_MS = 3_000;

export interface BenchStack {
  readonly infrastructure: Infrastructure;
  /**
   * Starts Counterpoise's process, with further settings such as other databases, and resolves when it is ready. One with a name runs
   * beside others, on a port of its own.
   */
  readonly startApp: (
    dispatch: Dispatch,
    settings?: Readonly<Record<string, string>>,
    name?: string,
  ) => Promise<RunningApp>;
  readonly stop: () => Promise<void>;
}

export interface RunningApp {
  readonly api: string;
  readonly pid: () => number;
  /** Stops the process, which drains first. */
  readonly stop: () => Promise<void>;
}

export async function startBenchStack(progress: Progress, interrupt: AbortSignal): Promise<BenchStack> {
  const environment = benchEnvironment();
  const settings = readSettings(environment);
  await removeLeftovers(settings.DATA_DIR);
  const infrastructure = await startInfrastructure({
    dataDir: settings.DATA_DIR,
    cacheDir: cacheDirectory(settings.XDG_CACHE_HOME),
    ports: { api: 0, postgres: 0, temporal: 0, temporalUi: 0 },
    temporalAddress: undefined,
    temporalNamespace: settings.TEMPORAL_NAMESPACE,
    environment,
    progress,
    interrupt,
  });
  callStackOn(infrastructure.dataDir);
  const { supervisor } = infrastructure;
  const started = new Set<string>();

  return {
    infrastructure,
    async startApp(dispatch, more = {}, name = APP) {
      const services = servicesOf(infrastructure, false, { ...environment, LOG_LEVEL: 'warn', LOG_FORMAT: 'json' });
      const [app] = services.children;
      const port = name === APP ? new URL(services.api).port : `${await freePort()}`;
      const api = `http://127.0.0.1:${port}`;
      started.add(name);
      supervisor.start({
        ...app!,
        name,
        environment: { ...app!.environment, DISPATCH: dispatch, ...more, PORT: port },
        logFile: join(infrastructure.dataDir, 'logs', `${name}.log`),
      });
      const stop = (): Promise<void> => supervisor.stop([name], DRAIN_LIMIT_MS);
      try {
        await supervisor.untilReady([name], () => assertReady(api), READY_LIMIT_MS);
      } catch (error) {
        await stop();
        throw error;
      }
      return { api, pid: () => supervisor.running()[name]!.pid, stop };
    },
    async stop() {
      await supervisor.stop([...started], DRAIN_LIMIT_MS);
      await infrastructure.stop(STOP_LIMIT_MS);
      rmSync(infrastructure.dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

async function assertReady(api: string): Promise<void> {
  const response = await fetch(`${api}/health/ready`, { signal: AbortSignal.timeout(CALL_LIMIT_MS) });
  if (!response.ok) throw new Error(`GET /health/ready answers ${response.status}`);
}

async function removeLeftovers(directory: string): Promise<void> {
  const left = openDataDirectory(directory);
  await left.endSurvivors();
  left.release();
  rmSync(left.path, { recursive: true, force: true });
}

/** The environment without settings that name another stack's databases, Temporal server or ports. */
export function benchEnvironment(): NodeJS.ProcessEnv {
  const isOfAnother = (name: string): boolean => /_API_URL$|^DISPATCH$|_PORT$|^PORT$/.test(name);
  const kept = Object.entries(ownEnvironment()).filter(([name]) => !isOfAnother(name));
  return { ...Object.fromEntries(kept), DATA_DIR: ownDataDirectory('bench') };
}

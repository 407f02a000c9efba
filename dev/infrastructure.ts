/**
 * The infrastructure of a stack: PostgreSQL, Temporal and migrated databases on one data directory, supervised and started in one
 * call. Launcher, demo and tests put their own processes on top of it. The caller that starts it stops it; if the start fails, or
 * the calling process is killed, nothing is left behind.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDataDirectory, type DataDirectory } from './data-directory.ts';
import { choosePorts, type Ports, type PortWish } from './ports.ts';
import * as postgres from './postgres.ts';
import type { Progress, Step } from './progress.ts';
import { reasonOf, StackError } from './stack-error.ts';
import { databasesAt } from './stack-databases.ts';
import { writeStackFile, type StackFile } from './stack-file.ts';
import { supervise, type Supervisor } from './supervise.ts';
import { findTemporalCli } from './temporal-cli.ts';
import * as temporal from './temporal.ts';
import { runTethered } from './tether.ts';

export interface InfrastructureOptions {
  readonly dataDir: string;
  readonly cacheDir: string;
  /** The ports that are wanted, each with its setting: undefined leaves the choice, 0 asks for any free port. */
  readonly ports: Readonly<Partial<Record<PortName, number | undefined>>>;
  /** A Temporal server that already runs, used instead of one of our own. */
  readonly temporalAddress: string | undefined;
  readonly temporalNamespace: string;
  /** The ports at which services are told that the servers are, for proxies that inject faults. Administrators go past them. */
  readonly proxyPorts?: Readonly<Partial<Record<'postgres' | 'temporal', number | undefined>>>;
  /** Whether the databases are migrated first; true by default. */
  readonly isMigrated?: boolean;
  /** The environment in which the Temporal CLI is looked for and the migration runs, besides its own settings. */
  readonly environment: NodeJS.ProcessEnv;
  /** How long the servers stay after this process is gone, so that services that are processes of their own can drain. */
  readonly lingerMs?: number;
  readonly progress: Progress;
  /** Aborts the start. */
  readonly interrupt: AbortSignal;
}

export type PortName = keyof typeof PORTS;
export type StackAddresses = Pick<StackFile, 'api' | 'wallet_api' | 'internal' | 'metrics'>;

export interface Infrastructure {
  readonly dataDir: string;
  /** The ports that were chosen, of those that were wanted. */
  readonly ports: Readonly<Record<PortName, number>>;
  readonly temporal: StackFile['temporal'];
  /** Administrator URLs: wallet-0, wallet-1, transfer, events, those of orders, and access. */
  readonly databases: Readonly<Record<string, string>>;
  /** The settings by which services reach all of this, in the roles they have. */
  readonly settings: Readonly<Record<string, string>>;
  /** The settings by which an administrator reaches the databases. */
  readonly administratorSettings: Readonly<Record<string, string>>;
  readonly supervisor: Supervisor;
  /**
   * Writes stack.json, now and whenever a process comes or goes. Call it before the services are started, so that a reader who
   * learns that they are ready finds them described. `own` are processes besides the supervised ones.
   */
  readonly describe: (addresses: StackAddresses, own?: StackFile['processes']) => void;
  /** Stops Temporal and PostgreSQL and lets go of the data directory. */
  readonly stop: (limitMs: number) => Promise<void>;
}

const PORTS = {
  api: { setting: 'PORT', usual: 3000 },
  walletApi: { setting: 'WALLET_API_PORT', usual: 3001 },
  /** Of what services ask each other, where they run apart. */
  internal: { setting: 'INTERNAL_PORT', usual: 3100 },
  walletInternal: { setting: 'The internal port of wallet-api', usual: 3101 },
  postgres: { setting: 'POSTGRES_PORT', usual: 5432 },
  temporal: { setting: 'TEMPORAL_PORT', usual: 7233 },
  temporalUi: { setting: 'TEMPORAL_UI_PORT', usual: 8233 },
  /** Of the only service process, or of the transfer API; the others' follow. */
  metrics: { setting: 'METRICS_PORT', usual: 9464 },
  'metrics-wallet-api': { setting: 'The metrics of wallet-api', usual: 9465 },
  'metrics-worker-transfer': { setting: 'The metrics of worker-transfer', usual: 9466 },
  'metrics-worker-events': { setting: 'The metrics of worker-events', usual: 9467 },
  'metrics-worker-wallet-0': { setting: 'The metrics of worker-wallet-0', usual: 9468 },
  'metrics-worker-wallet-1': { setting: 'The metrics of worker-wallet-1', usual: 9469 },
  'metrics-worker-order': { setting: 'The metrics of worker-order', usual: 9470 },
  'metrics-worker-inventory': { setting: 'The metrics of worker-inventory', usual: 9471 },
  'metrics-worker-delivery': { setting: 'The metrics of worker-delivery', usual: 9472 },
  'metrics-worker-accounting': { setting: 'The metrics of worker-accounting', usual: 9473 },
} as const;

const READY_LIMIT_MS = 60_000;
const MIGRATE_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 5_000;

export async function startInfrastructure(options: InfrastructureOptions): Promise<Infrastructure> {
  const { progress, interrupt } = options;
  const data = openDataDirectory(options.dataDir);
  let reserved: Ports<PortName> | undefined;
  let describeNow: (() => void) | undefined;
  const record = (): void => {
    try {
      data.recordProcesses(supervisor.running());
      describeNow?.();
    } catch (error) {
      // A full disk is no reason to let go of the children.
      progress.note(`${data.path} cannot be written: ${reasonOf(error)}`);
    }
  };
  const supervisor = supervise(record, progress.note);
  const stop = async (limitMs: number): Promise<void> => {
    await supervisor.stop(['temporal', 'postgres'], limitMs);
    describeNow = undefined;
    reserved?.release();
    data.release();
  };

  try {
    const ended = await data.endSurvivors();
    if (ended.length > 0) progress.note(`  Ended what a killed launcher had left running: ${ended.join(', ')}`);
    reserved = await choosePorts(portWishes(options, data), options.cacheDir);
    const { ports } = reserved;
    keepAndTell(data, reserved, options);

    const databases = databasesAt(data, ports.postgres, options.proxyPorts?.postgres ?? ports.postgres);
    const server = temporalAt(options, ports);
    const settings = { ...databases.serviceSettings, ...temporalSettings(server, options), DATA_DIR: data.path };
    const starts = [
      during(progress, 'PostgreSQL', () => startPostgres(supervisor, data, options, ports.postgres)),
      ...(server.ui
        ? [during(progress, 'Temporal', (step) => startTemporal(supervisor, data, options, ports, step))]
        : []),
    ];
    await unlessInterrupted(interrupt, Promise.all(starts));
    const environment = {
      ...options.environment,
      ...settings,
      ...databases.administratorSettings,
      TEMPORAL_ADDRESS: server.address,
    };
    if (options.isMigrated !== false) await during(progress, 'Databases', () => migrate(environment, interrupt));

    return {
      dataDir: data.path,
      ports,
      temporal: server,
      databases: databases.administratorUrls,
      settings,
      administratorSettings: databases.administratorSettings,
      supervisor,
      describe(addresses, own) {
        describeNow = () => {
          const running = Object.entries(supervisor.running()).map(([name, { pid }]) => [name, pid] as const);
          writeStackFile(data.path, {
            ...addresses,
            temporal: server,
            databases: databases.administratorUrls,
            processes: { launcher: process.pid, ...own, ...Object.fromEntries(running) },
          });
        };
        describeNow();
      },
      stop,
    };
  } catch (error) {
    await stop(STOP_LIMIT_MS);
    throw error;
  }
}

/** Awaits `work`, but throws a StackError as soon as the start is interrupted. */
export async function unlessInterrupted<Result>(interrupt: AbortSignal, work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const interrupted = (): void => reject(new StackError('Interrupted.'));
  if (interrupt.aborted) interrupted();
  interrupt.addEventListener('abort', interrupted, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    interrupt.removeEventListener('abort', interrupted);
  }
}

async function startPostgres(
  supervisor: Supervisor,
  data: DataDirectory,
  { interrupt, lingerMs = 0 }: InfrastructureOptions,
  port: number,
): Promise<string> {
  const child = await postgres.preparePostgres(data, port);
  interrupt.throwIfAborted();
  supervisor.start({ ...child, lingerMs });
  const url = postgres.postgresUrl(port, 'postgres', data.passwords.postgres, 'postgres');
  await supervisor.untilReady(['postgres'], () => postgres.connectOnce(url), READY_LIMIT_MS);
  return `127.0.0.1:${port}`;
}

async function startTemporal(
  supervisor: Supervisor,
  data: DataDirectory,
  options: InfrastructureOptions,
  ports: Readonly<Record<PortName, number>>,
  step: Step,
): Promise<string> {
  const { cacheDir, environment, temporalNamespace: namespace, lingerMs = 0, interrupt } = options;
  const cli = await findTemporalCli({ cacheDir, environment, step });
  interrupt.throwIfAborted();
  step.update('starting');
  supervisor.start({ ...temporal.temporalChild(cli, data, namespace, ports, hasPayloadKeys(environment)), lingerMs });
  const address = `127.0.0.1:${ports.temporal}`;
  await supervisor.untilReady(['temporal'], () => temporal.connectOnce(address, namespace), READY_LIMIT_MS);
  return `${address}, Web UI http://127.0.0.1:${ports.temporalUi}`;
}

/** What services are told of the server. */
function temporalSettings(server: StackFile['temporal'], { proxyPorts, environment }: InfrastructureOptions) {
  return {
    TEMPORAL_ADDRESS: proxyPorts?.temporal ? `127.0.0.1:${proxyPorts.temporal}` : server.address,
    TEMPORAL_NAMESPACE: server.namespace,
    // For those too that are told these settings alone, such as the audit of a bench.
    ...(server.payload_keys_file === undefined ? {} : { PAYLOAD_KEYS_FILE: server.payload_keys_file }),
    ...(server.ui === undefined ? {} : { TEMPORAL_UI_URL: server.ui }),
    ...(server.ui && hasPayloadKeys(environment) ? { PAYLOAD_UI_ORIGIN: server.ui } : {}),
  };
}

function hasPayloadKeys({ PAYLOAD_KEYS, PAYLOAD_KEYS_FILE }: NodeJS.ProcessEnv): boolean {
  return Boolean(PAYLOAD_KEYS || PAYLOAD_KEYS_FILE);
}

async function migrate(environment: NodeJS.ProcessEnv, interrupt: AbortSignal): Promise<string> {
  const command = fileURLToPath(new URL('../commands/migrate.ts', import.meta.url));
  try {
    await runTethered(process.execPath, [command], {
      env: environment,
      timeout: MIGRATE_LIMIT_MS,
      signal: interrupt,
    });
    return 'migrated';
  } catch (error) {
    if (interrupt.aborted) throw new StackError('Interrupted.');
    throw new StackError(`The databases could not be migrated: ${reasonOf(error)}`);
  }
}

function temporalAt(
  { temporalAddress, temporalNamespace: namespace, environment }: InfrastructureOptions,
  ports: Readonly<Record<PortName, number>>,
): StackFile['temporal'] {
  const { PAYLOAD_KEYS_FILE: keysFile } = environment;
  const keys = keysFile ? { payload_keys_file: resolve(keysFile) } : {};
  return temporalAddress
    ? { address: temporalAddress, namespace, ...keys }
    : { address: `127.0.0.1:${ports.temporal}`, ui: `http://127.0.0.1:${ports.temporalUi}`, namespace, ...keys };
}

function portWishes(options: InfrastructureOptions, data: DataDirectory): Record<PortName, PortWish> {
  const names = Object.keys(options.ports) as PortName[];
  return Object.fromEntries(
    names.map((name) => [name, { ...PORTS[name], set: options.ports[name], lastTime: data.lastPorts[name] }]),
  ) as Record<PortName, PortWish>;
}

/** A port that was set is not remembered: without its setting, the next start is free to choose. */
function keepAndTell(data: DataDirectory, { ports, notes }: Ports<PortName>, options: InfrastructureOptions) {
  for (const note of notes) options.progress.note(`  ${note}`);
  data.keepPorts(Object.fromEntries(Object.entries(ports).filter(([name]) => !options.ports[name as PortName])));
}

async function during(progress: Progress, title: string, work: (step: Step) => Promise<string>): Promise<void> {
  const step = progress.begin(title);
  try {
    step.done(await work(step));
  } catch (error) {
    step.fail();
    throw error;
  }
}

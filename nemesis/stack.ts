/**
 * The stack of a nemesis run: commands/start.ts --separate of a build, with a data directory of its own on free ports, an
 * administrator's connection to every database and a client of Temporal, both past the proxies. No process of it stays when it is
 * stopped or this process ends. Ctrl-C does not reach it: the nemesis first heals its faults, and then stops it.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type pg from 'pg';
import { closeDatabases, openDatabase, type Database } from '../db/database.ts';
import { ORDER_SERVICES, type OrderService } from '../domain/order-services.ts';
import { killRecorded } from '../dev/kill-recorded.ts';
import { hasEnded, launchStack, until, untilStarted } from '../dev/launched-stack.ts';
import { send } from '../dev/processes.ts';
import { readStackFile, temporalSettings, type StackFile } from '../dev/stack-file.ts';
import { readSettings } from '../process/config.ts';
import { dataConverterOf } from '../temporal/data-converter.ts';
import type { Build } from './build.ts';
import { startFaultProxy, type FaultProxy } from './proxy.ts';

export type Place = 'wallet-0' | 'wallet-1' | 'transfer';
export type DatabaseName = Place | 'events' | OrderService;

export interface StackOptions {
  readonly build: Build;
  readonly dataDir: string;
  /** Settings beside those that the stack gets anyway. */
  readonly environment: NodeJS.ProcessEnv;
  /** Aborts the start. */
  readonly signal: AbortSignal;
}

export interface Stack {
  readonly build: Build;
  readonly dataDir: string;
  /** All output of the launcher and the services, mostly one JSON object a line. */
  readonly logFile: string;
  /** Base URL of the transfer API; stays the same. */
  readonly api: string;
  /** stack.json as it is now. */
  readonly file: () => StackFile;
  /** The pid of a process by its name in stack.json; undefined while it is down. */
  readonly process: (name: string) => number | undefined;
  readonly kill: (name: string, signal: NodeJS.Signals) => void;
  /** Kills the process, and returns once the launcher has started another one in its place. */
  readonly killAndAwaitNext: (name: string, signal: NodeJS.Signals, limitMs?: number) => Promise<void>;
  /** The proxies between the services and their servers. The nemesis itself connects past them. */
  readonly proxies: Readonly<Record<'postgres' | 'temporal', FaultProxy>>;
  readonly temporal: Client;
  /** Connections as administrator. */
  readonly databases: Readonly<Record<DatabaseName, Database>>;
  readonly rows: <Row extends pg.QueryResultRow>(
    place: DatabaseName,
    statement: string,
    values?: readonly unknown[],
  ) => Promise<Row[]>;
  /** Returns once GET /health/ready answers 200. */
  readonly waitUntilReady: (limitMs: number, signal?: AbortSignal) => Promise<void>;
  /** Asks the launcher to stop, and kills whatever does not end. */
  readonly stop: () => Promise<void>;
  /** Kills everything with SIGKILL, for an exit hook. */
  readonly killAll: () => void;
}

/** The databases that movements need. */
export const PLACES: readonly Place[] = ['wallet-0', 'wallet-1', 'transfer'];
/** Of all services. */
export const DATABASES: readonly DatabaseName[] = [...PLACES, 'events', ...ORDER_SERVICES];
/** The services of `--separate`. */
export const SERVICES = [
  'api',
  'wallet-api',
  'worker-wallet-0',
  'worker-wallet-1',
  'worker-transfer',
  'worker-order',
  'worker-inventory',
  'worker-delivery',
  'worker-accounting',
  'worker-events',
] as const;

/**
 * An order has twice the time of the hold that it asks for. That hold ends within a run, if nobody hands the goods over: as short as it
 * may be, and its margin too.
 */
export const ORDER_SETTINGS = {
  ORDER_DEADLINE_SECONDS: '16',
  ORDER_HOLD_SECONDS: '60',
  HAND_OVER_MARGIN_SECONDS: '10',
};

const START_LIMIT_MS = 90_000;
const RESPAWN_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 15_000;
const QUERY_LIMIT_MS = 30_000;
const READY_CALL_LIMIT_MS = 3_000;

/** Starts a stack, and returns once it is ready. */
export async function startStack({ build, dataDir, environment, signal }: StackOptions): Promise<Stack> {
  const logFile = join(dataDir, '..', 'stack.log');
  const killAll = (): void => killRecorded(dataDir);
  process.once('exit', killAll);
  const proxies = await startProxies(dataDir);
  const closeProxies = async (): Promise<void> =>
    void (await Promise.all(Object.values(proxies).map((proxy) => proxy.close())));
  const launcher = launchStack({
    command: join(build.directory, 'commands/start.ts'),
    flags: ['--separate'],
    dataDir,
    logFile,
    inherited: environment,
    settings: {
      POSTGRES_PROXY_PORT: String(proxies.postgres.port),
      TEMPORAL_PROXY_PORT: String(proxies.temporal.port),
    },
    cwd: build.directory,
  });
  try {
    await untilStarted(launcher, { dataDir, logFile }, START_LIMIT_MS, signal);
  } catch (error) {
    launcher.kill('SIGTERM');
    await ended(launcher);
    killAll();
    await closeProxies();
    process.off('exit', killAll);
    throw error;
  }
  const { api, temporal, databases: urls } = readStackFile(dataDir);
  const databases = openDatabases(urls);
  const connection = Connection.lazy({
    address: temporal.address,
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 },
  });

  const stack: Stack = {
    build,
    dataDir,
    logFile,
    api,
    file: () => readStackFile(dataDir),
    process: (name) => stack.file().processes[name],
    kill(name, how) {
      const pid = stack.process(name);
      if (pid === undefined) throw new Error(`${name} does not run`);
      send(pid, how);
    },
    async killAndAwaitNext(name, how, limitMs = RESPAWN_LIMIT_MS) {
      const pid = stack.process(name);
      if (pid !== undefined) send(pid, how);
      await until(limitMs, `${name} did not come back`, () => ![pid, undefined].includes(stack.process(name)));
    },
    proxies,
    temporal: new Client({
      connection,
      namespace: temporal.namespace,
      dataConverter: dataConverterOf(readSettings(temporalSettings(temporal))),
    }),
    databases,
    rows: async <Row extends pg.QueryResultRow>(
      place: DatabaseName,
      statement: string,
      values: readonly unknown[] = [],
    ) => (await databases[place].$client.query<Row>(statement, [...values])).rows,
    waitUntilReady(limitMs, ended) {
      const isReady = async (): Promise<boolean> =>
        (await fetch(`${api}/health/ready`, { signal: AbortSignal.timeout(READY_CALL_LIMIT_MS) })).ok;
      return until(limitMs, 'the stack is not ready', isReady, ended);
    },
    async stop() {
      await connection.close();
      await closeDatabases(Object.values(databases));
      launcher.kill('SIGTERM');
      await ended(launcher);
      killAll();
      await closeProxies();
      process.off('exit', killAll);
    },
    killAll,
  };
  return stack;
}

/** As administrator. */
function openDatabases(urls: Readonly<Record<string, string>>): Record<DatabaseName, Database> {
  const open = (name: DatabaseName): Database =>
    openDatabase(urls[name]!, {
      applicationName: 'counterpoise-nemesis',
      connectionsMax: 4,
      queryTimeoutMs: QUERY_LIMIT_MS,
    });
  return Object.fromEntries(DATABASES.map((name) => [name, open(name)])) as Record<DatabaseName, Database>;
}

/** Starts the proxies. The launcher chooses the servers' ports, and writes them down before anything connects. */
async function startProxies(dataDir: string): Promise<Stack['proxies']> {
  const portOf = (server: 'postgres' | 'temporal') => (): number | undefined => {
    const settings = join(dataDir, 'settings.json');
    if (!existsSync(settings)) return undefined;
    return (JSON.parse(readFileSync(settings, 'utf8')) as { ports: Record<string, number> }).ports[server];
  };
  const [postgres, temporal] = await Promise.all([
    startFaultProxy({ protocol: 'postgres', targetPort: portOf('postgres') }),
    startFaultProxy({ protocol: 'opaque', targetPort: portOf('temporal') }),
  ]);
  return { postgres, temporal };
}

/** Waits until the child has ended, or the time is up. */
async function ended(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  await once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) }).catch(() => {});
}

/** Those of the services of orders. */
export function orderDatabases({ databases }: Stack): Readonly<Record<OrderService, Database>> {
  const { order, inventory, delivery, accounting } = databases;
  return { order, inventory, delivery, accounting };
}

/**
 * A second worker beside one of the stack's, from the same build and on the same task queue. It continues the work while the other
 * one is frozen, or shows whether a worker of the build starts at all. Also the environment for commands of the build. None of
 * these connects through the proxies.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { spawnTethered } from '../dev/tether.ts';
import { pause } from './pause.ts';
import type { Stack } from './stack.ts';

export type WorkerName = 'worker-wallet-0' | 'worker-wallet-1' | 'worker-transfer';

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 12_000;
const TRIES_MAX = 5;
const TRY_AGAIN_MS = 2_000;

/** Resolves once the worker takes work, with a function that stops it; undefined if it does not start because of other faults. */
export async function startSpareWorker(
  stack: Stack,
  name: WorkerName,
  signal: AbortSignal,
): Promise<(() => Promise<void>) | undefined> {
  for (let n = 0; n < TRIES_MAX && !signal.aborted; n += 1) {
    const stop = await tryToStart(stack, name);
    if (stop !== undefined) return stop;
    await pause(TRY_AGAIN_MS, signal);
  }
  return undefined;
}

async function tryToStart(
  stack: Stack,
  name: WorkerName,
  hear: (line: string) => void = () => {},
): Promise<(() => Promise<void>) | undefined> {
  const child = spawnTethered(process.execPath, [join(stack.build.directory, fileOf(name))], {
    env: environmentOf(stack, name),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await exited;
    clearTimeout(force);
  };

  const lines = createInterface(child.stdout!);
  const started = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      hear(line);
      if (line.includes('"worker started"')) resolve();
    });
  });
  const limit = AbortSignal.timeout(START_LIMIT_MS);
  const isUp = await Promise.race([
    started.then(() => true),
    exited.then(() => false),
    once(limit, 'abort').then(() => false),
  ]);
  if (isUp) return stop;
  await stop();
  return undefined;
}

/** Starts a worker of the build as it is now, and stops it. Returns whether it took work, and its output. */
export async function tryWorker(stack: Stack, name: WorkerName): Promise<{ works: boolean; output: string }> {
  const output: string[] = [];
  const stop = await tryToStart(stack, name, (line) => output.push(line));
  await stop?.();
  return { works: stop !== undefined, output: output.join('\n') };
}

export function fileOf(name: WorkerName): string {
  return name === 'worker-transfer' ? 'workers/transfer/main.ts' : 'workers/wallet/main.ts';
}

type Urls = Readonly<Record<string, string>>;

/** The environment for a worker of this name. `databases` are administrator URLs, by default the stack's own. */
export function environmentOf(
  stack: Stack,
  name: WorkerName,
  databases: Urls = stack.file().databases,
): NodeJS.ProcessEnv {
  const { api, wallet_api } = stack.file();
  const urls = serviceUrls(stack, databases);
  return {
    ...temporalOf(stack),
    ...(name === 'worker-transfer'
      ? { TRANSFER_DATABASE_URL: urls.transfer, WALLET_API_URL: wallet_api }
      : {
          WALLET_DATABASE_URLS: urls.wallets,
          WALLET_SHARD: name === 'worker-wallet-0' ? '0' : '1',
          TRANSFER_API_URL: api,
        }),
  };
}

/** The environment for commands of administrators. */
export function administratorEnvironmentOf(stack: Stack, databases: Urls = stack.file().databases): NodeJS.ProcessEnv {
  const urls = serviceUrls(stack, databases);
  return {
    ...temporalOf(stack),
    WALLET_DATABASE_URLS: urls.wallets,
    TRANSFER_DATABASE_URL: urls.transfer,
    WALLET_ADMIN_DATABASE_URLS: [databases['wallet-0'], databases['wallet-1']].join(','),
    TRANSFER_ADMIN_DATABASE_URL: databases['transfer'],
  };
}

function temporalOf(stack: Stack): NodeJS.ProcessEnv {
  const { temporal } = stack.file();
  return {
    LOG_FORMAT: 'json',
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    WALLET_SHARD_COUNT: '2',
  };
}

/** The URLs of these databases with the roles of the services. */
function serviceUrls(stack: Stack, databases: Urls): { readonly wallets: string; readonly transfer: string } {
  const { passwords } = JSON.parse(readFileSync(join(stack.dataDir, 'settings.json'), 'utf8')) as {
    passwords: Record<string, string>;
  };
  const serviceUrl = (place: string, role: string): string =>
    Object.assign(new URL(databases[place]!), { username: role, password: passwords[role]! }).href;
  return {
    wallets: ['wallet-0', 'wallet-1'].map((place) => serviceUrl(place, 'wallet_service')).join(','),
    transfer: serviceUrl('transfer', 'transfer_service'),
  };
}

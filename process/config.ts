/**
 * The settings, and the only reader of process.env. An error names each wrong setting and what was expected. A value may also come
 * from a file, whose path is in a variable of the setting's name with `_FILE` behind it.
 */
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { hostOfAddress, isLoopback } from './authority.ts';
import {
  apiKey,
  authority,
  headers,
  list,
  namedUrl,
  optionalText,
  port,
  postgresUrl,
  ratio,
  sealingKeys,
  seconds,
  whole,
} from './setting-types.ts';

export const DATA_DIR_DEFAULT = '.data';

/** More would not be faster, and the ids of a group are in its history several times. */
const GROUP_MAX_MAX = 500;

/** Whoever else reads one of these reads everything: its file must not be readable by everyone. */
const KEPT_FROM_OTHERS = ['PAYLOAD_KEYS', 'INTERNAL_KEYS'];
const READABLE_BY_OTHERS = 0o007;

const settings = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: port.optional(),
  WALLET_API_PORT: port.optional(),
  /** Several processes of an API share its ports: each listens on them with SO_REUSEPORT, and the kernel spreads the connections. */
  REUSE_PORT: z.enum(['on', 'off'], { error: 'expected on or off' }).default('off'),
  /** PEM, for HTTPS. Off loopback an API starts with these, or with TRUSTED_PROXIES. */
  TLS_CERT: optionalText,
  TLS_KEY: optionalText,
  /** The addresses of the proxies that end TLS, and whose X-Forwarded-For is believed: `10.1.0.0/16,::1/128`. */
  TRUSTED_PROXIES: list(z.union([z.cidrv4(), z.cidrv6()], { error: 'expected a list of CIDRs' })),
  /** Where GET /metrics is served; without it, this process counts nothing. The embedded stack chooses one for each process. */
  METRICS_PORT: port.optional(),
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  /** Where traces are sent, by OTLP over HTTP, with `/v1/traces` behind it. Without it, this process traces nothing. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'expected an http:// URL' }).optional(),
  /** Sent with each of them, such as a key: `name=value`, separated by commas. */
  OTEL_EXPORTER_OTLP_HEADERS: headers.optional(),
  /** The part of the traces that begin here which is kept, the same in every process; one that has begun elsewhere brings its own. */
  OTEL_TRACES_SAMPLER_ARG: ratio().default(1),
  /** The names, besides those of loopback, by which clients ask for the APIs, separated by commas; other names are refused. */
  HOSTS: list(authority),
  /** The address of the wallet API, if that does not run in this process. */
  WALLET_API_URL: z.url({ protocol: /^https?$/, error: 'expected an http:// URL' }).optional(),

  /** The transfer API, from which wallet workers read the items of a batch, which the transfer service owns. */
  TRANSFER_API_URL: z.url({ protocol: /^https?$/, error: 'expected an http:// URL' }).optional(),

  /** Where an API answers what other services ask it, if they run apart. Without it, it answers none of that. */
  INTERNAL_PORT: port.optional(),
  /** The internal listeners of the transfer API and of the wallet API, for workers that run apart. */
  TRANSFER_INTERNAL_URL: z.url({ protocol: /^https?$/, error: 'expected an http:// URL' }).optional(),
  WALLET_INTERNAL_URL: z.url({ protocol: /^https?$/, error: 'expected an http:// URL' }).optional(),
  /** The keys by which services know each other: `id:base64`, one a line. The first one signs; all of them are believed. */
  INTERNAL_KEYS: sealingKeys,
  /** PEM: the authority of all services' certificates, and this one's own certificate and key. */
  INTERNAL_TLS_CA: optionalText,
  INTERNAL_TLS_CERT: optionalText,
  INTERNAL_TLS_KEY: optionalText,

  TRANSFER_DATABASE_URL: postgresUrl.optional(),
  TRANSFER_ADMIN_DATABASE_URL: postgresUrl.optional(),
  /** One per shard, in an order that never changes, separated by commas. */
  WALLET_DATABASE_URLS: list(postgresUrl),
  WALLET_ADMIN_DATABASE_URLS: list(postgresUrl),
  /** For a process that routes to the shards but opens no shard's database. Default: the number of WALLET_DATABASE_URLS. */
  WALLET_SHARD_COUNT: whole(1, 256).optional(),
  /** The shard that a wallet worker serves. */
  WALLET_SHARD: whole(0, 255).optional(),
  EVENTS_DATABASE_URL: postgresUrl.optional(),
  EVENTS_ADMIN_DATABASE_URL: postgresUrl.optional(),
  /** The services of orders. All of their databases are set, or none, and then there are no orders. */
  ORDER_DATABASE_URL: postgresUrl.optional(),
  ORDER_ADMIN_DATABASE_URL: postgresUrl.optional(),
  INVENTORY_DATABASE_URL: postgresUrl.optional(),
  INVENTORY_ADMIN_DATABASE_URL: postgresUrl.optional(),
  DELIVERY_DATABASE_URL: postgresUrl.optional(),
  DELIVERY_ADMIN_DATABASE_URL: postgresUrl.optional(),
  ACCOUNTING_DATABASE_URL: postgresUrl.optional(),
  ACCOUNTING_ADMIN_DATABASE_URL: postgresUrl.optional(),
  /** Where keys are. Without it, an API starts only with AUTH=off. */
  ACCESS_DATABASE_URL: postgresUrl.optional(),
  ACCESS_ADMIN_DATABASE_URL: postgresUrl.optional(),
  /** Whether requests to the APIs need a key; off on loopback alone. */
  AUTH: z.enum(['on', 'off'], { error: 'expected on or off' }).default('on'),
  /** The keys that the migration installs: of whoever administers the installation, and of two services that call the APIs with theirs. */
  ROOT_API_KEY: apiKey.optional(),
  ORDER_API_KEY: apiKey.optional(),
  WALLET_API_KEY: apiKey.optional(),
  /** The key with which the command line and other commands call the API. Default: that of the stack on DATA_DIR. */
  COUNTERPOISE_API_KEY: apiKey.optional(),
  /** Where the relay reads each service's outbox, by the names of the databases: `transfer=postgres://…,wallet-0=postgres://…`. */
  OUTBOX_DATABASE_URLS: list(namedUrl)
    .transform((named) => named && new Map(named))
    .optional(),
  /** So long events are kept in the log, and twice as long for its readers: longer than the three days for which a webhook is tried. */
  EVENTS_RETENTION_DAYS: whole(2, 36_500).default(90),
  DATABASE_CONNECTIONS: whole(1, 100).default(10),

  /** The brokers to which events are published, separated by commas. Without it, none are. */
  KAFKA_BROKERS: list(authority),
  KAFKA_TLS: z.enum(['on', 'off'], { error: 'expected on or off' }).default('off'),
  /** PEM: the brokers' authority, and this client's certificate and key for mutual TLS. */
  KAFKA_TLS_CA: optionalText,
  KAFKA_TLS_CERT: optionalText,
  KAFKA_TLS_KEY: optionalText,
  KAFKA_SASL_MECHANISM: z
    .enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'], { error: 'expected PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512' })
    .optional(),
  KAFKA_SASL_USERNAME: optionalText,
  KAFKA_SASL_PASSWORD: optionalText,
  /**
   * The keys that seal the secrets of webhook endpoints: `id:base64`, one a line. The first one seals; the others still open what
   * they sealed. Without it, there are no webhooks.
   */
  WEBHOOK_KEYS: sealingKeys,
  /** Networks, besides the public internet, that webhooks may be sent to, also by plain http: `10.1.0.0/16,::1/128`. */
  WEBHOOK_ALLOW_CIDRS: list(z.union([z.cidrv4(), z.cidrv6()], { error: 'expected a list of CIDRs' })),

  TEMPORAL_ADDRESS: optionalText,
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_API_KEY: optionalText,
  TEMPORAL_TLS_SERVER_NAME: optionalText,
  /** PEM: the server's authority, and this client's certificate and key for mutual TLS. */
  TEMPORAL_TLS_CA: optionalText,
  TEMPORAL_TLS_CERT: optionalText,
  TEMPORAL_TLS_KEY: optionalText,

  /**
   * The keys of what workflows are given, return and fail with, in Temporal's histories: `id:base64`, one a line. The first one
   * encrypts; all of them decrypt. Without it, histories are plain.
   */
  PAYLOAD_KEYS: sealingKeys,
  /** Off: what was encrypted is still read, and nothing more is encrypted. */
  PAYLOAD_ENCRYPTION: z.enum(['on', 'off'], { error: 'expected on or off' }).default('on'),
  /** Where the Temporal Web UI is, to which the console links. The embedded stack knows its own. */
  TEMPORAL_UI_URL: z
    .url({ protocol: /^https?$/, error: 'expected a URL such as http://127.0.0.1:8233' })
    .transform((text) => new URL(text))
    .transform(({ origin, pathname }) => (origin + pathname).replace(/\/+$/, ''))
    .optional(),
  /** The origin of the Temporal Web UI that may have payloads decrypted. The embedded stack knows its own. */
  PAYLOAD_UI_ORIGIN: z
    .url({ protocol: /^https?$/, error: 'expected an origin such as http://127.0.0.1:8233' })
    .transform((text) => new URL(text).origin)
    .optional(),

  /**
   * The version of this process's workers, by which Temporal routes tasks (worker versioning). Without it, every worker takes every
   * task.
   */
  WORKER_BUILD_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{0,64}$/, { error: 'expected at most 64 letters, digits, _ and -' })
    .optional()
    .transform((text) => (text === '' ? undefined : text)),

  /** How activities are called: on the task queue of the service that owns the database, or within one process. */
  DISPATCH: z.enum(['ordinary', 'local'], { error: 'expected ordinary or local' }).default('ordinary'),
  /** From a movement's acceptance until it is given up and compensated. */
  TRANSFER_DEADLINE_SECONDS: seconds(1, 86_400).default(600),
  /** From an order's acceptance until it is given up and undone, unless it is confirmed. */
  ORDER_DEADLINE_SECONDS: seconds(1, 86_400).default(600),
  /** How long the holds of an order last: the goods have to leave within it. */
  ORDER_HOLD_SECONDS: whole(60, 30 * 86_400).default(7 * 86_400),
  /** How long before the end of its hold a consignment may leave at the latest: its money has to be captured in that time. */
  HAND_OVER_MARGIN_SECONDS: whole(10, 86_400).default(60),
  /** How fine the amounts of new movements may be: as their currency allows, or four decimals of every currency. */
  AMOUNT_PRECISION: z.enum(['currency', 'ledger'], { error: 'expected currency or ledger' }).default('currency'),
  /** How many requests are worked on at once before more are refused with 429. */
  REQUESTS_MAX: whole(1, Number.POSITIVE_INFINITY).default(1_000),
  /** How many streams of events one process has open before more are refused with 429. */
  EVENT_STREAMS_MAX: whole(1, 10_000).default(1_000),
  /** How many plain transfers, asked for at the same time, one workflow moves: 1 for a workflow of its own for each. */
  GROUP_MAX: whole(1, GROUP_MAX_MAX).default(1),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], { error: 'expected debug, info, warn, error or silent' })
    .default('info'),
  LOG_FORMAT: z.enum(['json', 'pretty'], { error: 'expected json or pretty' }).optional(),

  /** The address at which the command line finds the API. Default: that of the stack that runs on DATA_DIR. */
  COUNTERPOISE_API_URL: z.url({ protocol: /^https?$/, error: 'expected an http:// URL' }).optional(),

  /** The embedded stack: the directory of its state, and the ports that it is to use. */
  DATA_DIR: z.string().min(1).default(DATA_DIR_DEFAULT),
  POSTGRES_PORT: port.optional(),
  TEMPORAL_PORT: port.optional(),
  TEMPORAL_UI_PORT: port.optional(),
  /** The loopback ports at which its services find the servers instead: a proxy that injects faults listens there. */
  POSTGRES_PROXY_PORT: whole(1, 65_535).optional(),
  TEMPORAL_PROXY_PORT: whole(1, 65_535).optional(),
  XDG_CACHE_HOME: optionalText,
});

export type Settings = z.infer<typeof settings>;

const checked = settings.refine(({ AUTH, HOST }) => AUTH === 'on' || isLoopback(hostOfAddress(HOST) ?? HOST), {
  path: ['AUTH'],
  error: 'off is for loopback alone, and HOST is another address',
});

/** The error for a setting that is wrong or missing; the message names it and says what was expected. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Throws a SettingsError that names every setting that is wrong. An empty value counts as not set. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const values: Record<string, string> = {};
  for (const name of Object.keys(settings.shape)) {
    const value = env[name] || fromFile(name, env[`${name}_FILE`]);
    if (value) values[name] = value;
  }
  const result = checked.safeParse(values);
  if (result.success) return result.data;
  throw new SettingsError(
    result.error.issues.map((issue) => `${issue.path[0]?.toString()} is wrong: ${issue.message}`).join('\n'),
  );
}

/** The environment that a launcher hands on to the processes it starts, besides their own settings. */
export function inheritedEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

/** Returns the settings that a process cannot do without. Throws a SettingsError that names those that are not set. */
export function requireSettings<Name extends keyof Settings>(
  from: Settings,
  ...names: Name[]
): { [N in Name]-?: NonNullable<Settings[N]> } {
  const missing = names.filter((name) => from[name] === undefined);
  if (missing.length > 0) throw new SettingsError(`not set: ${missing.join(', ')}`);
  return from as unknown as { [N in Name]-?: NonNullable<Settings[N]> };
}

/** The number of wallet shards. */
export function walletShardCount(from: Settings): number {
  const count = from.WALLET_SHARD_COUNT ?? from.WALLET_DATABASE_URLS?.length;
  if (count === undefined) throw new SettingsError('not set: WALLET_SHARD_COUNT or WALLET_DATABASE_URLS');
  return count;
}

function fromFile(name: string, path: string | undefined): string | undefined {
  if (!path) return undefined;
  try {
    const mode = statSync(path).mode & 0o777;
    if (KEPT_FROM_OTHERS.includes(name) && (mode & READABLE_BY_OTHERS) !== 0)
      throw new SettingsError(
        `${name}_FILE is wrong: everyone may use the file, its mode is ${mode.toString(8)}, expected 600`,
      );
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    throw new SettingsError(`${name}_FILE cannot be read: ${(error as Error).message}`);
  }
}

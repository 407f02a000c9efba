/** The databases of a stack on its PostgreSQL: as its services reach them, and as an administrator does; and the keys to install. */
import { ORDER_SERVICES } from '../domain/order-services.ts';
import type { DataDirectory, Role } from './data-directory.ts';
import { postgresUrl } from './postgres.ts';

const WALLET_SHARDS = 2;

/** Services may be led past `port`, over a proxy at `servicePort`. */
export function databasesAt(data: DataDirectory, port: number, servicePort: number) {
  const shards = Array.from({ length: WALLET_SHARDS }, (_, shard) => shard);
  const service = (role: Role, database: string): string =>
    postgresUrl(servicePort, role, data.passwords[role], database);
  const administrator = (database: string): string => postgresUrl(port, 'postgres', data.passwords.postgres, database);
  const walletAdministrators = shards.map((shard) => administrator(`wallet_${shard}`));
  return {
    serviceSettings: {
      WEBHOOK_KEYS_FILE: data.webhookKeysFile,
      INTERNAL_KEYS_FILE: data.internalKeysFile,
      ORDER_API_KEY_FILE: data.apiKeyFiles.ORDER_API_KEY_FILE,
      WALLET_API_KEY_FILE: data.apiKeyFiles.WALLET_API_KEY_FILE,
      ACCESS_DATABASE_URL: service('access_service', 'access'),
      WALLET_DATABASE_URLS: shards.map((shard) => service('wallet_service', `wallet_${shard}`)).join(','),
      WALLET_SHARD_COUNT: `${WALLET_SHARDS}`,
      TRANSFER_DATABASE_URL: service('transfer_service', 'transfer'),
      EVENTS_DATABASE_URL: service('events_service', 'events'),
      OUTBOX_DATABASE_URLS: [
        `transfer=${service('events_service', 'transfer')}`,
        ...shards.map((shard) => `wallet-${shard}=${service('events_service', `wallet_${shard}`)}`),
        `events=${service('events_service', 'events')}`,
        ...ORDER_SERVICES.map((name) => `${name}=${service('events_service', name)}`),
        `access=${service('events_service', 'access')}`,
      ].join(','),
      ...Object.fromEntries(
        ORDER_SERVICES.map((name) => [`${name.toUpperCase()}_DATABASE_URL`, service(`${name}_service`, name)]),
      ),
    },
    administratorSettings: {
      WALLET_ADMIN_DATABASE_URLS: walletAdministrators.join(','),
      TRANSFER_ADMIN_DATABASE_URL: administrator('transfer'),
      EVENTS_ADMIN_DATABASE_URL: administrator('events'),
      ACCESS_ADMIN_DATABASE_URL: administrator('access'),
      ROOT_API_KEY_FILE: data.apiKeyFiles.ROOT_API_KEY_FILE,
      ...Object.fromEntries(
        ORDER_SERVICES.map((name) => [`${name.toUpperCase()}_ADMIN_DATABASE_URL`, administrator(name)]),
      ),
    },
    administratorUrls: {
      ...Object.fromEntries(walletAdministrators.map((url, shard) => [`wallet-${shard}`, url])),
      transfer: administrator('transfer'),
      events: administrator('events'),
      ...Object.fromEntries(ORDER_SERVICES.map((name) => [name, administrator(name)])),
      access: administrator('access'),
    },
  };
}

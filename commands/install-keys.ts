/** The installation of the keys that the settings have: the root key, and those by which services call the APIs. */
import { installKey, widenRootKeys, type Installed, type InstalledKeyName } from '../db/install-keys.ts';
import type { Settings } from '../process/config.ts';

const SETTING_OF = {
  root: 'ROOT_API_KEY',
  'worker-order': 'ORDER_API_KEY',
  api: 'WALLET_API_KEY',
} as const satisfies Record<InstalledKeyName, keyof Settings>;

const SAID: Readonly<Record<Installed, string>> = {
  there: 'there',
  installed: 'installed',
  revoked:
    'not installed, because it was revoked or rotated. Set another one (npx counterpoise keys reset-root, for root)',
};

/** Has the root key take the place of the former one. A process may believe the former one for KEY_LEASE_MS more. */
export async function installRootKey(adminUrl: string, secret: string): Promise<void> {
  await installKey(adminUrl, 'root', secret);
}

/** Returns a line for each key, and one if root keys were given new scopes. None if there is no database of keys. */
export async function installKeys(settings: Settings): Promise<string[]> {
  const { ACCESS_ADMIN_DATABASE_URL: adminUrl } = settings;
  if (adminUrl === undefined) return [];
  const lines: string[] = [];
  for (const [name, setting] of Object.entries(SETTING_OF) as [
    InstalledKeyName,
    (typeof SETTING_OF)[InstalledKeyName],
  ][]) {
    const secret = settings[setting];
    if (secret !== undefined) lines.push(`key of ${name}: ${SAID[await installKey(adminUrl, name, secret)]}`);
  }
  const widened = await widenRootKeys(adminUrl);
  if (widened > 0) lines.push(`root keys: ${widened} were given the scopes that this version has brought`);
  return lines;
}

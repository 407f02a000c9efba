/**
 * The keys that an installation begins with: the root key, and one for each service that calls the API. Their secrets are drawn where
 * the other secrets of the installation are, and come here as settings; a secret that differs from the last time takes the place of
 * the former one. Works as an administrator.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { DEFAULT_TENANT, isApiKey } from '../domain/access/api-key.ts';
import { ALL_SCOPES, type Scope } from '../domain/access/scopes.ts';
import { asAdministrator } from './administrator.ts';

/** The scopes of each, the least that it can do with. */
export const INSTALLED_KEYS = {
  root: ALL_SCOPES,
  // What an order moves, over the public API.
  'worker-order': ['transfers:read', 'transfers:write'],
  // The transfer API, which forwards the paths of wallets to the wallet API.
  api: ['wallets:read', 'wallets:write'],
} as const satisfies Record<string, readonly Scope[]>;

export type InstalledKeyName = keyof typeof INSTALLED_KEYS;

/** `revoked`: the secret is that of a key that was revoked, or that was rotated, which stays so. */
export type Installed = 'there' | 'installed' | 'revoked';

export async function installKey(adminUrl: string, name: InstalledKeyName, secret: string): Promise<Installed> {
  if (!isApiKey(secret)) throw new Error(`the key of ${name} is no API key: its checksum is wrong`);
  return asAdministrator(adminUrl, async (client) => {
    await client.query('BEGIN');
    const installed = await install(
      client,
      name,
      createHash('sha256').update(secret).digest('hex'),
      secret.slice(0, 8),
    );
    await client.query('COMMIT');
    return installed;
  });
}

async function install(client: pg.Client, name: InstalledKeyName, hash: string, hint: string): Promise<Installed> {
  // Its lock makes installations take turns, and keeps revisions in order.
  const { rows } = await client.query<{ revision: string }>(
    'UPDATE access_revision SET revision = revision + 1 RETURNING revision',
  );
  const known = await client.query<{ is_valid: boolean }>(
    `SELECT revoked_at IS NULL AND rotated_to IS NULL AND installed_as = $2 AS is_valid FROM api_keys WHERE key_hash = decode($1, 'hex')`,
    [hash, name],
  );
  if (known.rows[0] !== undefined) {
    // A new version may have brought scopes.
    await client.query(
      `UPDATE api_keys SET scopes = $3, changed_revision = $2
       WHERE key_hash = decode($1, 'hex') AND installed_as = $4 AND scopes <> $3`,
      [hash, rows[0]!.revision, INSTALLED_KEYS[name], name],
    );
    return known.rows[0].is_valid ? 'there' : 'revoked';
  }
  await client.query(
    `UPDATE api_keys SET revoked_at = clock_timestamp(), changed_revision = $2 WHERE installed_as = $1 AND revoked_at IS NULL`,
    [name, rows[0]!.revision],
  );
  await client.query(
    `INSERT INTO principals (tenant, kind, name) VALUES ($1, 'service', $2) ON CONFLICT (tenant, name) DO NOTHING`,
    [DEFAULT_TENANT, name],
  );
  await client.query(
    `INSERT INTO api_keys (tenant, principal_id, name, key_hash, hint, scopes, installed_as)
     SELECT tenant, principal_id, $2, decode($3, 'hex'), $4, $5, $2 FROM principals WHERE tenant = $1 AND name = $2`,
    [DEFAULT_TENANT, name, hash, hint, INSTALLED_KEYS[name]],
  );
  return 'installed';
}

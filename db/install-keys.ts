/**
 * The keys that an installation begins with: the root key, and one for each service that calls the API. Their secrets are drawn where
 * the other secrets of the installation are, and come here as settings; a secret that differs from the last time takes the place of
 * the former one. Works as an administrator.
 */
import { createHash, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { isApiKey } from '../domain/access/api-key.ts';
import { ALL_SCOPES, TENANT_SCOPES, type Scope } from '../domain/access/scopes.ts';
import type { AuditAction } from '../domain/audit-actions.ts';
import { ADMINISTRATOR, auditEvent } from '../domain/audit-event.ts';
import { DEFAULT_TENANT } from '../domain/tenant.ts';
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

/**
 * Gives root keys the scopes that this version has brought: those of tenants, and what has taken the place of a root key by rotations.
 * Rotations hand on all rights, so none of these was ever narrowed. Other keys that their holders made stay as they are. Returns how
 * many it has changed; a repeat changes none.
 */
export async function widenRootKeys(adminUrl: string): Promise<number> {
  return asAdministrator(adminUrl, async (client) => {
    const { rowCount } = await client.query(
      `WITH RECURSIVE next AS (UPDATE access_revision SET revision = revision + 1 RETURNING revision), roots AS (
         SELECT api_key_id, rotated_to FROM api_keys WHERE installed_as = 'root' OR installed_as LIKE '%/root'
         UNION SELECT successor.api_key_id, successor.rotated_to FROM api_keys successor JOIN roots ON successor.api_key_id = roots.rotated_to
       ), due AS (SELECT api_key_id, CASE tenant WHEN $1 THEN $2::text[] ELSE $3::text[] END AS scopes FROM roots JOIN api_keys USING (api_key_id))
       UPDATE api_keys SET scopes = due.scopes, changed_revision = next.revision FROM due, next
       WHERE api_keys.api_key_id = due.api_key_id AND revoked_at IS NULL AND api_keys.scopes <> due.scopes`,
      [DEFAULT_TENANT, ALL_SCOPES, TENANT_SCOPES],
    );
    return rowCount ?? 0;
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
  const former = await client.query<{ api_key_id: string }>(
    `UPDATE api_keys SET revoked_at = clock_timestamp(), changed_revision = $2 WHERE installed_as = $1 AND revoked_at IS NULL
     RETURNING api_key_id`,
    [name, rows[0]!.revision],
  );
  for (const { api_key_id: id } of former.rows) await audit(client, 'key-revoked', id);
  await client.query(
    `INSERT INTO principals (tenant, kind, name) VALUES ($1, 'service', $2) ON CONFLICT (tenant, name) DO NOTHING`,
    [DEFAULT_TENANT, name],
  );
  const made = await client.query<{ api_key_id: string }>(
    `INSERT INTO api_keys (tenant, principal_id, name, key_hash, hint, scopes, installed_as)
     SELECT tenant, principal_id, $2, decode($3, 'hex'), $4, $5, $2 FROM principals WHERE tenant = $1 AND name = $2
     RETURNING api_key_id`,
    [DEFAULT_TENANT, name, hash, hint, INSTALLED_KEYS[name]],
  );
  await audit(client, 'key-installed', made.rows[0]!.api_key_id, { name });
  return 'installed';
}

async function audit(
  client: pg.Client,
  action: AuditAction,
  object: string,
  details: Readonly<Record<string, string>> = {},
): Promise<void> {
  const event = auditEvent(
    { action, object, details },
    { acting: ADMINISTRATOR },
    {
      ...{ entryId: randomUUID(), time: new Date() },
    },
  );
  await client.query('INSERT INTO outbox_events (event_id, type, subject, payload) VALUES ($1, $2, $3, $4)', [
    event.id,
    event.type,
    event.subject,
    JSON.stringify(event),
  ]);
}

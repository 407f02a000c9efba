/**
 * Tenants, and the root key of each: of a principal `root`, as the installation's own root key is. It is of the tenant alone: neither
 * the key nor the tenant's audit log names who has asked for it, which the audit log of the default tenant does.
 */
import { gt, sql, type SQL } from 'drizzle-orm';
import { ADMINISTRATOR, type AuditEntry, type ByWhom } from '../../domain/audit-event.ts';
import { ofTenant, type Tenant } from '../../domain/tenant.ts';
import type { ApiKeyId, PrincipalId } from '../../domain/ids.ts';
import { insertAudit } from '../audit-events.ts';
import { columnsOf, rowOf, type Database } from '../database.ts';
import { makerOf, nextRevision, type ApiKey, type NewKey, type Transaction } from './keys.ts';
import { apiKeys, principals, tenants } from './schema.ts';

export type StoredTenant = typeof tenants.$inferSelect;

/** The rights and the secret's hash of a root key. It expires with the key that asks, if that does. */
export type NewRootKey = Omit<NewKey, 'principalId' | 'expiresInSeconds' | 'idempotencyKey' | 'bodyHash'>;

/** `maker_ended`: the key that asks is not valid any more. With any of these texts nothing is stored. */
type NotMade = 'maker_ended' | 'exists' | 'not_found';

const PRINCIPAL = 'root';

/** Stores a tenant with its first principal and key, or says that it exists. */
export function createTenant(
  database: Database,
  key: NewRootKey,
  by: ByWhom,
): Promise<{ readonly tenant: StoredTenant; readonly key: ApiKey } | NotMade> {
  return database.transaction(async (transaction) => {
    const maker = await lockMaker(transaction, key);
    if (maker === undefined) return 'maker_ended';
    const [tenant] = await transaction.insert(tenants).values({ tenant: key.tenant }).onConflictDoNothing().returning();
    if (tenant === undefined) return 'exists';
    const [principal] = await transaction
      .insert(principals)
      .values({ tenant: key.tenant, kind: 'service', name: PRINCIPAL })
      .returning();
    await audit(transaction, { action: 'tenant-created', object: key.tenant }, by);
    return { tenant, key: await insertRootKey(transaction, key, principal!.principalId, maker) };
  });
}

/**
 * Stores another root key of a tenant; the former one is revoked, unless it was, and so is the key that has taken its place by a
 * rotation, and that one's, and so on. The default tenant has none of this kind.
 */
export function replaceRootKey(database: Database, key: NewRootKey, by: ByWhom): Promise<ApiKey | NotMade> {
  return database.transaction(async (transaction) => {
    const revision = await nextRevision(transaction);
    const maker = await lockMaker(transaction, key);
    if (maker === undefined) return 'maker_ended';
    const { rows } = await transaction.execute<{ principal_id: PrincipalId }>(sql`
      SELECT principal_id FROM principals JOIN tenants USING (tenant)
      WHERE tenant = ${key.tenant} AND name = ${PRINCIPAL}`);
    if (rows[0] === undefined) return 'not_found';
    const former = await transaction.execute<{ api_key_id: ApiKeyId }>(sql`
      WITH RECURSIVE roots AS (
        SELECT api_key_id, rotated_to FROM api_keys WHERE installed_as = ${installedAs(key.tenant)}
        UNION SELECT next.api_key_id, next.rotated_to FROM api_keys next JOIN roots ON next.api_key_id = roots.rotated_to
      )
      UPDATE api_keys SET revoked_at = clock_timestamp(), changed_revision = ${revision}
      WHERE api_key_id IN (SELECT api_key_id FROM roots) AND revoked_at IS NULL RETURNING api_key_id`);
    for (const { api_key_id: object } of former.rows)
      await audit(transaction, { action: 'key-revoked', object }, inTenant(key.tenant, by));
    await audit(transaction, { action: 'tenant-root-key-replaced', object: key.tenant }, by);
    return insertRootKey(transaction, key, rows[0].principal_id, maker);
  });
}

/** By their names, which come after `after`. */
export function listTenants(database: Database, after: string | undefined, limit: number): Promise<StoredTenant[]> {
  return database
    .select()
    .from(tenants)
    .where(after === undefined ? undefined : gt(tenants.tenant, after as Tenant))
    .orderBy(tenants.tenant)
    .limit(limit);
}

interface Maker {
  readonly expires_at: string | null;
}

/** Undefined if the key that asks is not valid. While this transaction lasts, it is not revoked. */
async function lockMaker(transaction: Transaction, { createdBy }: NewRootKey): Promise<Maker | undefined> {
  if (createdBy === undefined) return { expires_at: null };
  const { rows } = await transaction.execute<{ expires_at: string | null }>(
    sql`SELECT expires_at::text FROM (${makerOf(createdBy)}) maker`,
  );
  return rows[0];
}

async function insertRootKey(
  transaction: Transaction,
  key: NewRootKey,
  principalId: PrincipalId,
  maker: Maker,
): Promise<ApiKey> {
  const { rows } = await transaction.execute(sql`
    INSERT INTO api_keys (api_key_id, tenant, principal_id, name, key_hash, hint, scopes, cidrs, per_second, burst, installed_as, expires_at)
    VALUES (${key.apiKeyId}, ${key.tenant}, ${principalId}, ${key.name}, decode(${key.keyHash}, 'hex'), ${key.hint},
      ${sql.param([...key.scopes])}::text[], ${key.cidrs === undefined ? null : sql.param([...key.cidrs])}::text[],
      ${key.perSecond ?? null}::integer, ${key.burst ?? null}::integer, ${installedAs(key.tenant)}, ${maker.expires_at}::timestamptz)
    RETURNING ${columnsOf(apiKeys)}`);
  const entry = { action: 'key-installed', object: key.apiKeyId, details: { name: key.name } } as const;
  await audit(transaction, entry, inTenant(key.tenant, {}));
  return rowOf(apiKeys, rows[0]!);
}

/** At most one such key is not revoked. The services' own keys have names without a slash. */
function installedAs(tenant: Tenant): string {
  return `${tenant}/${PRINCIPAL}`;
}

/** For the tenant, the administrator of the installation has done it. */
function inTenant(tenant: Tenant, { trace }: Pick<ByWhom, 'trace'>): ByWhom {
  return { acting: { ...ADMINISTRATOR, ...ofTenant(tenant) }, trace };
}

function audit(transaction: Transaction, entry: AuditEntry, by: ByWhom): Promise<unknown> {
  const statement: SQL = insertAudit(entry, by);
  return transaction.execute(statement);
}

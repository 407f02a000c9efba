/**
 * Principals and API keys as they are made, listed, rotated and revoked. A key is made only while the key that asks is valid, and a
 * change of a key counts up the revision in its own transaction, so that every process can see that there was one.
 */
import { and, desc, eq, sql, type SQL } from 'drizzle-orm';
import type { PrincipalKind } from '../../domain/access/api-key.ts';
import type { AuditEntry, ByWhom } from '../../domain/audit-event.ts';
import type { Scope } from '../../domain/access/scopes.ts';
import type { ApiKeyId, PrincipalId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { insertAudit, insertAuditIf } from '../audit-events.ts';
import { columnsOf, rowOf, type Database } from '../database.ts';
import { apiKeys, principals } from './schema.ts';

export type ApiKey = typeof apiKeys.$inferSelect;
export type Principal = typeof principals.$inferSelect;
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

export interface NewKey {
  readonly apiKeyId: ApiKeyId;
  readonly tenant: Tenant;
  readonly principalId: PrincipalId;
  readonly name: string;
  /** SHA-256 of the secret, in hex. */
  readonly keyHash: string;
  readonly hint: string;
  readonly scopes: readonly Scope[];
  readonly cidrs: readonly string[] | undefined;
  readonly perSecond: number | undefined;
  readonly burst: number | undefined;
  readonly expiresInSeconds: number;
  /** The key that asks; undefined where the API asks for none. The new one expires no later. */
  readonly createdBy: ApiKeyId | undefined;
  readonly idempotencyKey: string | undefined;
  readonly bodyHash: string | undefined;
}

const columns = columnsOf(apiKeys);

/**
 * Stores a key. Undefined, and nothing is stored, if the Idempotency-Key is taken, the principal is not there, or the key that
 * asks is not valid any more: a revocation of that key waits for this, or this sees it.
 */
export async function createKey(
  database: Database | Transaction,
  key: NewKey,
  by: ByWhom,
  entry: AuditEntry = creationOf(key),
): Promise<ApiKey | undefined> {
  const { rows } = await database.execute(sql`
    WITH made AS (INSERT INTO api_keys (api_key_id, tenant, principal_id, name, key_hash, hint, scopes, cidrs, per_second, burst, created_by,
      idempotency_key, body_hash, expires_at)
    SELECT ${key.apiKeyId}, p.tenant, p.principal_id, ${key.name}, decode(${key.keyHash}, 'hex'), ${key.hint},
      ${sql.param([...key.scopes])}::text[], ${key.cidrs === undefined ? null : sql.param([...key.cidrs])}::text[],
      ${key.perSecond ?? null}::integer, ${key.burst ?? null}::integer, ${key.createdBy ?? null}::uuid,
      ${key.idempotencyKey ?? null}, decode(${key.bodyHash ?? null}, 'hex'),
      least(now() + make_interval(secs => ${key.expiresInSeconds}), maker.expires_at)
    FROM principals p LEFT JOIN LATERAL (${makerOf(key.createdBy)}) maker ON true
    WHERE p.principal_id = ${key.principalId} AND p.tenant = ${key.tenant}
      AND (${key.createdBy ?? null}::uuid IS NULL OR maker.api_key_id IS NOT NULL)
    ON CONFLICT ON CONSTRAINT api_keys_idempotency_key DO NOTHING
    RETURNING ${columns}), audited AS (${insertAuditIf(entry, by, sql`made`)})
    SELECT ${columns} FROM made`);
  return keyOf(rows[0]);
}

function creationOf(key: NewKey): AuditEntry {
  const { name, principalId, scopes, cidrs, perSecond, burst } = key;
  const rate = perSecond === undefined ? undefined : `${perSecond} ${burst}`;
  const details = { name, of_principal_id: principalId, scopes: scopes.join(' '), networks: cidrs?.join(' '), rate };
  return { action: 'key-created', object: key.apiKeyId, details };
}

/** The key that asks, while it is valid, under a lock that keeps it from being revoked. */
export function makerOf(apiKeyId: ApiKeyId | undefined): SQL {
  return sql`SELECT api_key_id, expires_at FROM api_keys WHERE api_key_id = ${apiKeyId ?? null}::uuid
    AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp()) FOR SHARE`;
}

export async function findKey(
  database: Database | Transaction,
  tenant: Tenant,
  id: ApiKeyId,
): Promise<ApiKey | undefined> {
  const rows = await database
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.apiKeyId, id), eq(apiKeys.tenant, tenant)));
  return rows[0];
}

/**
 * For each of these principals, all who could act by its keys: itself, and who has made any of them, and who has made a key of
 * those, and so on. `isInstalled`: it has a key that was installed with the services, as root has.
 */
export async function listMakers(
  database: Database,
  ids: readonly PrincipalId[],
): Promise<{ readonly of: PrincipalId; readonly maker: PrincipalId; readonly isInstalled: boolean }[]> {
  const { rows } = await database.execute<{ of: PrincipalId; maker: PrincipalId; is_installed: boolean }>(sql`
    WITH RECURSIVE makers AS (
      SELECT id AS of, id AS maker FROM unnest(${sql.param([...ids])}::uuid[]) id
      UNION
      SELECT makers.of, maker.principal_id FROM makers JOIN api_keys made ON made.principal_id = makers.maker
        JOIN api_keys maker ON maker.api_key_id = made.created_by
    )
    SELECT of, maker, EXISTS (SELECT FROM api_keys WHERE principal_id = maker AND installed_as IS NOT NULL) AS is_installed FROM makers`);
  return rows.map(({ of, maker, is_installed: isInstalled }) => ({ of, maker, isInstalled }));
}

/** The tenant's principals with a key of this scope that is valid now. */
export async function listHolders(database: Database, tenant: Tenant, scope: Scope): Promise<PrincipalId[]> {
  const rows = await database
    .selectDistinct({ principalId: apiKeys.principalId })
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.tenant, tenant),
        sql`${apiKeys.revokedAt} IS NULL AND (${apiKeys.expiresAt} IS NULL OR ${apiKeys.expiresAt} > clock_timestamp())`,
        sql`${apiKeys.scopes} @> ARRAY[${scope}]::text[]`,
      ),
    );
  return rows.map(({ principalId }) => principalId);
}

export async function findKeyByIdempotencyKey(
  database: Database,
  tenant: Tenant,
  idempotencyKey: string,
): Promise<ApiKey | undefined> {
  const rows = await database
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.tenant, tenant), eq(apiKeys.idempotencyKey, idempotencyKey)));
  return rows[0];
}

export interface Place {
  readonly createdAt: Date;
  readonly id: string;
}

/** Newest first. */
export function listKeys(
  database: Database,
  tenant: Tenant,
  after: Place | undefined,
  limit: number,
): Promise<ApiKey[]> {
  const { createdAt, apiKeyId } = apiKeys;
  return database
    .select()
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.tenant, tenant),
        after && sql`(${createdAt}, ${apiKeyId}) < (${after.createdAt.toISOString()}::timestamptz, ${after.id}::uuid)`,
      ),
    )
    .orderBy(desc(createdAt), desc(apiKeyId))
    .limit(limit);
}

/** Returns the key as it then is; one that was revoked before stays as it was. Undefined if there is none. */
export function revokeKey(database: Database, tenant: Tenant, id: ApiKeyId, by: ByWhom): Promise<ApiKey | undefined> {
  return database.transaction(async (transaction) => {
    const revision = await nextRevision(transaction);
    const { rows } = await transaction.execute(sql`
      WITH revoked AS (
        UPDATE api_keys SET revoked_at = clock_timestamp(), changed_revision = ${revision}
        WHERE api_key_id = ${id} AND tenant = ${tenant} AND revoked_at IS NULL RETURNING ${columns}
      ), audited AS (${insertAuditIf({ action: 'key-revoked', object: id }, by, sql`revoked`)})
      SELECT ${columns} FROM revoked`);
    return keyOf(rows[0]) ?? (await findKey(transaction, tenant, id));
  });
}

/**
 * Stores a key that takes the place of another, which expires after the overlap, if it does not before. Undefined, and nothing is
 * changed, if that was rotated, was revoked or has expired, or if the key that asks is not valid any more.
 */
export async function rotateKey(
  database: Database,
  of: ApiKeyId,
  overlapSeconds: number,
  key: NewKey,
  by: ByWhom,
): Promise<ApiKey | undefined> {
  return database
    .transaction(async (transaction) => {
      const revision = await nextRevision(transaction);
      // Locked before it is changed: it may be the very key that asks.
      const created = await createKey(transaction, key, by, rotationOf(of, key));
      if (created === undefined) return undefined;
      const { rowCount } = await transaction.execute(sql`
      UPDATE api_keys SET rotated_to = ${key.apiKeyId}, changed_revision = ${revision},
        expires_at = least(expires_at, clock_timestamp() + make_interval(secs => ${overlapSeconds}))
      WHERE api_key_id = ${of} AND tenant = ${key.tenant} AND rotated_to IS NULL AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > clock_timestamp())`);
      // Thrown, because the new key must not stay.
      if (rowCount !== 1) throw NOT_ROTATED;
      return created;
    })
    .catch((error: unknown) => {
      if (error === NOT_ROTATED) return undefined;
      throw error;
    });
}

function rotationOf(of: ApiKeyId, { apiKeyId }: NewKey): AuditEntry {
  return { action: 'key-rotated', object: of, details: { rotated_to: apiKeyId } };
}

const NOT_ROTATED = new Error('the key cannot be rotated');

/** Counts up the revision. Its row is locked until the transaction ends, so revisions are committed in their order. */
export async function nextRevision(transaction: Transaction): Promise<number> {
  const { rows } = await transaction.execute<{ revision: string }>(
    sql`UPDATE access_revision SET revision = revision + 1 RETURNING revision`,
  );
  return Number(rows[0]!.revision);
}

/** Stores a principal. If the tenant has one of this name, nothing is stored, and `known` is its id. */
export async function createPrincipal(
  database: Database,
  principal: { readonly tenant: Tenant; readonly kind: PrincipalKind; readonly name: string },
  by: ByWhom,
): Promise<
  { readonly made: Principal; readonly known?: undefined } | { readonly made?: undefined; readonly known: PrincipalId }
> {
  const made = await database.transaction(async (transaction) => {
    const [stored] = await transaction.insert(principals).values(principal).onConflictDoNothing().returning();
    if (stored === undefined) return undefined;
    const { principalId: object, name, kind } = stored;
    await transaction.execute(insertAudit({ action: 'principal-created', object, details: { name, kind } }, by));
    return stored;
  });
  if (made !== undefined) return { made };
  const { tenant, name } = principal;
  const [known] = await database
    .select()
    .from(principals)
    .where(and(eq(principals.tenant, tenant), eq(principals.name, name)));
  return { known: known!.principalId };
}

export async function findPrincipal(
  database: Database,
  tenant: Tenant,
  id: PrincipalId,
): Promise<Principal | undefined> {
  const rows = await database
    .select()
    .from(principals)
    .where(and(eq(principals.tenant, tenant), eq(principals.principalId, id)));
  return rows[0];
}

/** Newest first. */
export function listPrincipals(
  database: Database,
  tenant: Tenant,
  after: Place | undefined,
  limit: number,
): Promise<Principal[]> {
  const { createdAt, principalId } = principals;
  return database
    .select()
    .from(principals)
    .where(
      and(
        eq(principals.tenant, tenant),
        after &&
          sql`(${createdAt}, ${principalId}) < (${after.createdAt.toISOString()}::timestamptz, ${after.id}::uuid)`,
      ),
    )
    .orderBy(desc(createdAt), desc(principalId))
    .limit(limit);
}

function keyOf(row: Record<string, unknown> | undefined): ApiKey | undefined {
  return row && rowOf(apiKeys, row);
}

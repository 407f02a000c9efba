/**
 * The tables of the access service: tenants, principals, their API keys, the revision by which every process learns that a key has changed, and
 * its outbox. Of a secret there is only the hash.
 */
import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, text, uniqueIndex, unique, uuid } from 'drizzle-orm/pg-core';
import { PRINCIPAL_KINDS } from '../../domain/access/api-key.ts';
import type { Scope } from '../../domain/access/scopes.ts';
import type { ApiKeyId, PrincipalId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { instant, sha256 } from '../database.ts';

export { installation } from '../installation.ts';
export { outboxEvents, outboxSealProgress, outboxSeals, outboxTruncation } from '../outbox.ts';

/** Those that see nothing of each other. What is stored of one names it; a tenant is never removed. */
export const tenants = pgTable('tenants', {
  tenant: text('tenant').$type<Tenant>().primaryKey(),
  createdAt: instant('created_at').notNull().defaultNow(),
});

export const principals = pgTable(
  'principals',
  {
    principalId: uuid('principal_id').$type<PrincipalId>().primaryKey().defaultRandom(),
    tenant: text('tenant').$type<Tenant>().notNull(),
    kind: text('kind', { enum: PRINCIPAL_KINDS }).notNull(),
    name: text('name').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [
    unique('principals_name').on(t.tenant, t.name),
    check('principals_kind', sql`${t.kind} IN ('human', 'service')`),
    index('principals_created').on(t.tenant, t.createdAt, t.principalId),
  ],
);

export const apiKeys = pgTable(
  'api_keys',
  {
    apiKeyId: uuid('api_key_id').$type<ApiKeyId>().primaryKey().defaultRandom(),
    tenant: text('tenant').$type<Tenant>().notNull(),
    principalId: uuid('principal_id')
      .$type<PrincipalId>()
      .notNull()
      .references(() => principals.principalId),
    name: text('name').notNull(),
    /** SHA-256 of the secret. */
    keyHash: sha256('key_hash').notNull(),
    /** The first characters of the secret, by which people tell keys apart. */
    hint: text('hint').notNull(),
    scopes: text('scopes').array().$type<Scope[]>().notNull(),
    cidrs: text('cidrs').array(),
    perSecond: integer('per_second'),
    burst: integer('burst'),
    /** The key by which it was made; null for one that was installed with the services. */
    createdBy: uuid('created_by').$type<ApiKeyId>(),
    /** The name under which it was installed with the services; of each name at most one is not revoked. */
    installedAs: text('installed_as'),
    idempotencyKey: text('idempotency_key'),
    bodyHash: sha256('body_hash'),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at'),
    /** The key that takes its place. */
    rotatedTo: uuid('rotated_to').$type<ApiKeyId>(),
    /** The revision by which it was last changed; 0 if it never was. */
    changedRevision: bigint('changed_revision', { mode: 'number' }).notNull().default(0),
  },
  (t) => [
    unique('api_keys_hash').on(t.keyHash),
    unique('api_keys_idempotency_key').on(t.tenant, t.idempotencyKey),
    uniqueIndex('api_keys_installed')
      .on(t.installedAs)
      .where(sql`installed_as IS NOT NULL AND revoked_at IS NULL`),
    check(
      'api_keys_rate',
      sql`(${t.perSecond} IS NULL) = (${t.burst} IS NULL) AND ${t.perSecond} > 0 AND ${t.burst} > 0`,
    ),
    index('api_keys_created').on(t.tenant, t.createdAt, t.apiKeyId),
    index('api_keys_name').on(t.tenant, t.name, t.createdAt, t.apiKeyId),
    index('api_keys_makers').on(t.principalId, t.createdBy),
    index('api_keys_changed')
      .on(t.changedRevision)
      .where(sql`changed_revision > 0`),
  ],
);

/** One row. It is counted up in the transaction of each change of a key, which so come in its order. */
export const accessRevision = pgTable(
  'access_revision',
  {
    onlyRow: integer('only_row').primaryKey().default(1),
    revision: bigint('revision', { mode: 'number' }).notNull().default(0),
  },
  (t) => [check('access_revision_only_row', sql`${t.onlyRow} = 1`)],
);

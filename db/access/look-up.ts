/**
 * What authentication asks of the access database: the key of a secret's hash, and which keys have changed since a revision. Both are
 * one statement, so that the revision which they tell is that of their snapshot.
 */
import { sql } from 'drizzle-orm';
import type { Holder, PrincipalKind } from '../../domain/access/api-key.ts';
import type { Scope } from '../../domain/access/scopes.ts';
import type { ApiKeyId, PrincipalId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { executePrepared, type Database } from '../database.ts';

export interface LookedUpKey {
  readonly holder: Holder;
  /** Until it expires, by the database's clock; undefined if it does not. */
  readonly remainingMs: number | undefined;
  /** Changes of keys up to this one are seen. */
  readonly revision: number;
}

type Row = {
  api_key_id: ApiKeyId;
  principal_id: PrincipalId;
  tenant: Tenant;
  principal: string;
  kind: PrincipalKind;
  scopes: Scope[];
  cidrs: string[] | null;
  per_second: number | null;
  burst: number | null;
  installed_as: string | null;
  remaining_ms: string | null;
  revision: string;
};

/** The key with this SHA-256; undefined if there is none, or if it has expired or was revoked. */
export async function lookUpKey(database: Database, hash: Buffer): Promise<LookedUpKey | undefined> {
  const { rows } = await executePrepared<Row>(
    database,
    sql`SELECT k.api_key_id, k.principal_id, k.tenant, p.name AS principal, p.kind, k.scopes, k.cidrs, k.per_second, k.burst, k.installed_as,
      floor(extract(epoch FROM k.expires_at - clock_timestamp()) * 1000)::bigint AS remaining_ms,
      (SELECT revision FROM access_revision) AS revision
    FROM api_keys k JOIN principals p USING (principal_id)
    WHERE k.key_hash = ${hash} AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())`,
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { per_second: perSecond, burst } = row;
  return {
    holder: {
      apiKeyId: row.api_key_id,
      principalId: row.principal_id,
      principal: row.principal,
      kind: row.kind,
      tenant: row.tenant,
      scopes: row.scopes,
      cidrs: row.cidrs ?? undefined,
      rate: perSecond === null || burst === null ? undefined : { perSecond, burst },
      ...(row.installed_as === null ? {} : { installedAs: row.installed_as }),
    },
    remainingMs: row.remaining_ms === null ? undefined : Number(row.remaining_ms),
    revision: Number(row.revision),
  };
}

export interface KeyChanges {
  readonly revision: number;
  /** The hashes, in hex, of the keys that have changed since; undefined if there are too many to name. */
  readonly hashes: readonly string[] | undefined;
}

/** More at once, and a process forgets all that it knows instead. */
const CHANGES_MAX = 1_000;

/** What has changed since this revision. A revision that the database has not reached, because it was restored, is answered by all. */
export async function keyChanges(database: Database, since: number): Promise<KeyChanges> {
  const { rows } = await executePrepared<{ revision: string; hash: string | null }>(
    database,
    sql`SELECT r.revision, encode(k.key_hash, 'hex') AS hash FROM access_revision r
      LEFT JOIN LATERAL (SELECT key_hash FROM api_keys WHERE changed_revision > ${since} AND changed_revision > 0
        ORDER BY changed_revision LIMIT ${sql.raw(String(CHANGES_MAX + 1))}) k ON true`,
  );
  const revision = Number(rows[0]!.revision);
  const isKnowable = revision >= since && since >= 0 && rows.length <= CHANGES_MAX;
  return { revision, hashes: isKnowable ? rows.flatMap(({ hash }) => hash ?? []) : undefined };
}

/** What the access service finds by a name: a principal, whose name is its own in the tenant, and the newest keys of that name. */
import { sql } from 'drizzle-orm';
import { FOUND_MAX, type Found } from '../../domain/found.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Database } from '../database.ts';

/** One key more than FOUND_MAX if there are more. */
export async function findByName(database: Database, tenant: Tenant, name: string): Promise<Found[]> {
  const at = sql`to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  const { rows } = await database.execute<Omit<Found, 'matched'> & Record<string, unknown>>(sql`
    SELECT 'principal' AS type, principal_id::text AS id, name AS label, kind AS status, ${at} AS at
    FROM principals WHERE tenant = ${tenant} AND name = ${name}
    UNION ALL
    SELECT 'api_key', api_key_id::text, name, CASE WHEN revoked_at IS NULL THEN 'ACTIVE' ELSE 'REVOKED' END, ${at}
    FROM (
      SELECT * FROM api_keys WHERE tenant = ${tenant} AND name = ${name}
      ORDER BY created_at DESC, api_key_id DESC LIMIT ${FOUND_MAX + 1}
    ) named`);
  return rows.map((row) => ({ ...row, matched: 'name' }));
}

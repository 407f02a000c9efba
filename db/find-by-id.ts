/** The look-up of one id in several tables of a service's database, each by its key, in one statement. */
import { sql, type SQL } from 'drizzle-orm';
import type { Found, FoundType } from '../domain/found.ts';
import { DEFAULT_TENANT, type Tenant } from '../domain/tenant.ts';
import type { Database } from './database.ts';

/** Names and expressions of SQL. `at` defaults to `created_at`, and `status` to none. */
export interface Kind {
  readonly type: FoundType;
  readonly table: string;
  readonly id: string;
  readonly label: string;
  readonly status?: string;
  readonly at?: string;
  /** Its table has the tenant of each row. */
  readonly hasTenants?: true;
}

/** Only what is the tenant's; a kind whose table has no tenants is the default one's. */
export async function findById(
  database: Database,
  kinds: readonly Kind[],
  tenant: Tenant,
  id: string,
): Promise<Found[]> {
  const shown = kinds.filter(({ hasTenants }) => hasTenants || tenant === DEFAULT_TENANT);
  if (shown.length === 0) return [];
  const parts = shown.map(
    ({ type, table, id: column, label, status = 'NULL', at = 'created_at', hasTenants }): SQL => sql`
      SELECT ${type}::text AS type, ${sql.raw(column)}::text AS id, (${sql.raw(label)})::text AS label, (${sql.raw(status)})::text AS status,
        to_char(${sql.raw(at)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
      FROM ${sql.raw(table)} WHERE ${sql.raw(column)} = ${id}::uuid ${hasTenants ? sql`AND tenant = ${tenant}` : sql``}`,
  );
  const { rows } = await database.execute<Omit<Found, 'matched'> & Record<string, unknown>>(
    sql.join(parts, sql` UNION ALL `),
  );
  return rows.map((row) => ({ ...row, matched: 'id' }));
}

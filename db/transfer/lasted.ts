/** How long a movement lasts: what it waits for a person, or for its scheduled time, does not count. */
import { sql, type SQL } from 'drizzle-orm';

/** When a movement could begin: at `since`, or when its approval was decided, if it had to wait for one. */
export function notBefore(id: SQL, since: SQL): SQL {
  return sql`greatest(${since}, (SELECT decided_at FROM approvals WHERE approval_id = ${id}))`;
}

/** The column `lasted_seconds` of a movement that ends: negative if it ends before it could begin. One look into an index. */
export function lastedSeconds(id: SQL, since: SQL): SQL {
  return sql`extract(epoch FROM updated_at - ${notBefore(id, since)})::float8 AS lasted_seconds`;
}

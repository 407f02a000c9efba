/** When something that was put off is to be done. */
import { sql, type AnyColumn, type SQL } from 'drizzle-orm';

/**
 * The condition that its time has come. Nothing is put off by as much as a day: what seems to be was put off while the clock was
 * wrong.
 */
export function isDue(at: AnyColumn): SQL {
  return sql`(${at} < now() OR ${at} > now() + interval '1 day')`;
}

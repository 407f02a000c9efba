/**
 * Leases: at most one process at a time does a named piece of work. A holder that was frozen past its lease finds its token
 * replaced, and every write that gives the token changes nothing.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { Database } from '../database.ts';

/** The lease of the relay, which appends to the event log. */
export const RELAY_LEASE = 'relay';

/** No lease lasts so long: one that seems to was taken while the clock was ahead, and nobody may have it any more. */
const LEASE_MAX = sql`interval '1 day'`;

export interface Lease {
  readonly name: string;
  readonly token: number;
}

/**
 * Takes the lease for `ttlMs` if nobody has it or its time is over, or prolongs it for its present holder, who keeps the token.
 * Undefined while another holder has it. The database's clock counts.
 */
export async function takeLease(
  database: Database,
  name: string,
  holder: string,
  ttlMs: number,
): Promise<Lease | undefined> {
  const { rows } = await database.execute<{ token: string }>(sql`
    INSERT INTO leases (name, holder, expires_at) VALUES (${name}, ${holder}, clock_timestamp() + ${ttlMs} * interval '1 ms')
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at,
      token = CASE WHEN leases.holder = excluded.holder THEN leases.token ELSE leases.token + 1 END
    WHERE leases.holder = excluded.holder OR leases.expires_at < clock_timestamp()
      OR leases.expires_at > clock_timestamp() + ${LEASE_MAX}
    RETURNING token`);
  return rows[0] && { name, token: Number(rows[0].token) };
}

/** Lets the next process take the lease at once. Changes nothing if another one has it. */
export async function leaveLease(database: Database, name: string, holder: string): Promise<void> {
  await database.execute(
    sql`UPDATE leases SET expires_at = clock_timestamp() - interval '1 ms' WHERE name = ${name} AND holder = ${holder}`,
  );
}

/** Whether somebody has the lease. */
export async function isTaken(database: Database, name: string): Promise<boolean> {
  const { rows } = await database.execute(
    sql`SELECT FROM leases WHERE name = ${name} AND expires_at > clock_timestamp()`,
  );
  return rows.length > 0;
}

/** The condition that the lease is still this one. Nobody else can take it before the statement's transaction has ended. */
export function isHeld({ name, token }: Lease): SQL {
  return sql`EXISTS (SELECT FROM leases WHERE name = ${name} AND token = ${token} FOR SHARE)`;
}

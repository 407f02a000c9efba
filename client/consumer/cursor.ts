/** A consumer's row: whose turn it is, with a token that grows at each change of hands, and how far it has come. */
import { LeaseLostError } from './errors.ts';
import { run, type Connection, type Store } from './store.ts';

export interface Lease {
  readonly consumer: string;
  readonly token: number;
  /** Where it begins to read. */
  readonly position: number;
  /** Whether the one before was killed or frozen, and not stopped. */
  readonly isAfterCrash: boolean;
}

/** Takes the consumer for `ttlMs` by the database's clock, with a new token. Undefined while another process has it. */
export async function takeLease(
  store: Store,
  consumer: string,
  holder: string,
  ttlMs: number,
): Promise<Lease | undefined> {
  const [row] = await run<{ token: string; position: string; was_held: boolean }>(
    store,
    `WITH before AS (SELECT holder FROM consumer_cursors WHERE consumer = $1)
     INSERT INTO consumer_cursors AS c (consumer, holder, expires_at) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 ms')
     ON CONFLICT (consumer) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at, token = c.token + 1
     WHERE c.holder IS NULL OR c.holder = excluded.holder OR c.expires_at < clock_timestamp()
       OR c.expires_at > clock_timestamp() + interval '1 day'
     RETURNING token, position, EXISTS (SELECT FROM before WHERE holder <> $2) AS was_held`,
    [consumer, holder, ttlMs],
  );
  return row && { consumer, token: Number(row.token), position: Number(row.position), isAfterCrash: row.was_held };
}

/** Prolongs the lease. Throws a LeaseLostError if another process has taken over. */
export async function renewLease(store: Store, lease: Lease, ttlMs: number): Promise<void> {
  const rows = await run(
    store,
    `UPDATE consumer_cursors SET expires_at = clock_timestamp() + $3 * interval '1 ms' WHERE consumer = $1 AND token = $2 RETURNING token`,
    [lease.consumer, lease.token, ttlMs],
  );
  if (rows.length === 0) throw lost(lease);
}

/** Lets the next process take over at once. Changes nothing if one has. */
export async function leaveLease(store: Store, { consumer, token }: Lease): Promise<void> {
  await run(
    store,
    'UPDATE consumer_cursors SET holder = NULL, expires_at = clock_timestamp() WHERE consumer = $1 AND token = $2',
    [consumer, token],
  );
}

/**
 * The last statement of each transaction of the consumer: moves its cursor to `readTo`, if there is one, never back. Throws a
 * LeaseLostError if the lease is another's; nobody takes it over from here until the commit.
 */
export async function moveCursor(connection: Connection, lease: Lease, readTo: number | undefined): Promise<void> {
  const { rows } = await connection.query(
    `UPDATE consumer_cursors SET position = greatest(position, $3::bigint), updated_at = clock_timestamp()
     WHERE consumer = $1 AND token = $2 RETURNING token`,
    [lease.consumer, lease.token, readTo ?? null],
  );
  if (rows.length === 0) throw lost(lease);
}

/**
 * Begins anew behind a position (0: from the first event), and forgets what was processed and what is parked. For use after what
 * the handler has written was emptied or filled from another source. Whoever works as this consumer meanwhile commits nothing more
 * and begins there.
 */
export async function resetConsumer(store: Store, consumer: string, position: number): Promise<void> {
  await run(
    store,
    `WITH processed AS (DELETE FROM processed_events WHERE consumer = $1), parked AS (DELETE FROM parked_events WHERE consumer = $1)
     INSERT INTO consumer_cursors AS c (consumer, position) VALUES ($1, $2)
     ON CONFLICT (consumer) DO UPDATE SET position = excluded.position, token = c.token + 1, holder = NULL`,
    [consumer, position],
  );
}

export function lost({ consumer }: Lease): LeaseLostError {
  return new LeaseLostError(`another process works as ${consumer} now`);
}

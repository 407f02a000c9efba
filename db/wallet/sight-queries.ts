/** What others may see of a shard: its external wallets, and what it has decided and written of a movement. One statement each. */
import { sql } from 'drizzle-orm';
import { type Tenant } from '../../domain/tenant.ts';
import type { SeenEntry, SeenFence } from '../../domain/wallet/sight.ts';
import type { Database } from '../database.ts';

/**
 * The balances of a tenant's external wallets, one a currency: what they have less is all that came in through this shard and has not left,
 * wherever it is now. So the whole is known without reading any wallet of a user.
 */
export async function externalBalances(
  database: Database,
  tenant: Tenant,
): Promise<{ currency: string; balance: string }[]> {
  const { rows } = await database.execute<{ currency: string; balance: string }>(
    sql`SELECT currency, balance::text FROM wallets WHERE kind = 'external' AND tenant = ${tenant}`,
  );
  return rows;
}

type Seen<Row> = readonly Omit<Row, 'shard'>[];

/** The fences and the entries of movements, as one snapshot shows them. */
export async function seeLegs(
  database: Database,
  movementIds: readonly string[],
): Promise<{ fences: Seen<SeenFence>; entries: Seen<SeenEntry> }> {
  const those = sql`${sql.param([...movementIds])}::uuid[]`;
  const { rows } = await database.execute<{ fences: Seen<SeenFence>; entries: Seen<SeenEntry> }>(sql`
    SELECT (
      SELECT coalesce(json_agg(json_build_object('movement_id', transaction_id, 'leg', leg, 'outcome', outcome, 'reason', reason,
        'is_hold', is_hold, 'wallet_id', wallet_id, 'currency', currency, 'amount', amount::text, 'at', ${utc})
        ORDER BY created_at, transaction_id, leg), '[]')
      FROM operation_fences WHERE transaction_id = ANY(${those})
    ) AS fences, (
      SELECT coalesce(json_agg(json_build_object('movement_id', transaction_id,
        'wallet_id', CASE kind WHEN 'user' THEN entry.wallet_id END, 'kind', kind, 'type', type, 'amount', amount::text,
        'currency', currency, 'sequence', sequence, 'at', ${utc}) ORDER BY created_at, transaction_id, type, entry.wallet_id), '[]')
      FROM ledger_entries entry
      -- One by one, by the wallets' key.
      CROSS JOIN LATERAL (SELECT kind, currency FROM wallets WHERE wallets.wallet_id = entry.wallet_id OFFSET 0) wallet
      WHERE transaction_id = ANY(${those})
    ) AS entries`);
  return rows[0]!;
}

/** As JavaScript writes an instant. */
const utc = sql.raw(`to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);

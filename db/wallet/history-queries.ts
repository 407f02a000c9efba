/**
 * How a wallet's balance went: every entry of a time while they are few, else the balance at the end of each slice of it, by an index
 * look-up for each. It costs what is returned and not what is stored.
 */
import { sql } from 'drizzle-orm';
import type { WalletId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';

/** The last entry until an instant. Entries are ordered by their sequence alone: a clock may go back. */
interface LastEntry {
  readonly sequence: number;
  readonly balance: string;
}

export interface Step extends LastEntry {
  /** In milliseconds since 1970. */
  readonly atMs: number;
}

const NOTHING: LastEntry = { sequence: 0, balance: '0.0000' };

/** As it was just before an instant. */
export async function balanceBefore(database: Database, walletId: WalletId, at: Date): Promise<LastEntry> {
  const [found] = await lastEntries(database, walletId, [new Date(at.getTime() - 1)]);
  return found ?? NOTHING;
}

/** The entries from `from` to `to`, both included, in the order of their times; at most `limit`. */
export async function listSteps(
  database: Database,
  walletId: WalletId,
  { from, to, limit }: { readonly from: Date; readonly to: Date; readonly limit: number },
): Promise<Step[]> {
  const { rows } = await database.execute<{ sequence: string; balance: string; at_ms: string }>(sql`
    SELECT sequence, balance_after::text AS balance, (extract(epoch FROM created_at) * 1000)::bigint AS at_ms
    FROM ledger_entries
    WHERE wallet_id = ${walletId} AND created_at >= ${from.toISOString()}::timestamptz AND created_at <= ${to.toISOString()}::timestamptz
    ORDER BY created_at, sequence LIMIT ${limit}`);
  return rows.map(({ sequence, balance, at_ms: atMs }) => ({
    sequence: Number(sequence),
    balance,
    atMs: Number(atMs),
  }));
}

/** The last entry until each of these instants, with its own time; undefined where there is none. */
export async function lastEntries(
  database: Database,
  walletId: WalletId,
  instants: readonly Date[],
): Promise<(Step | undefined)[]> {
  const { rows } = await database.execute<{ sequence: string | null; balance: string; at_ms: string }>(sql`
    SELECT last.sequence, last.balance_after::text AS balance, (extract(epoch FROM last.created_at) * 1000)::bigint AS at_ms
    FROM unnest(${sql.param(instants.map((at) => at.toISOString()))}::timestamptz[]) WITH ORDINALITY AS until (at, place)
    CROSS JOIN wallets wallet
    LEFT JOIN LATERAL (
      SELECT sequence, balance_after, created_at FROM ledger_entries
      WHERE ledger_entries.wallet_id = wallet.wallet_id AND created_at <= until.at ORDER BY created_at DESC, sequence DESC LIMIT 1
    ) latest ON true
    LEFT JOIN LATERAL (
      SELECT latest.sequence, latest.balance_after, latest.created_at
      WHERE latest.sequence >= coalesce(wallet.clock_back_sequence, 0)
      UNION ALL (
        -- One with an earlier time may have come after it.
        SELECT sequence, balance_after, created_at FROM ledger_entries
        WHERE latest.sequence < wallet.clock_back_sequence AND ledger_entries.wallet_id = wallet.wallet_id AND created_at <= until.at
        ORDER BY sequence DESC LIMIT 1
      )
    ) last ON true
    WHERE wallet.wallet_id = ${walletId} ORDER BY until.place`);
  return rows.map(({ sequence, balance, at_ms: atMs }) =>
    sequence === null ? undefined : { sequence: Number(sequence), balance, atMs: Number(atMs) },
  );
}

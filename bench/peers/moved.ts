/**
 * Checks that transfers that were reported as completed have moved money: their rows, steps and entries in the shards, and the
 * balances of their wallets. Reads the tables by statements of its own.
 */
import pg from 'pg';
import { shardOf } from '../../domain/routing.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import type { Ground } from '../subject.ts';

/** Throws an error that names the first few that did not. */
export async function assertMoved(
  administrators: Ground['administrators'],
  moved: readonly TransferTerms[],
): Promise<void> {
  const breaches = await findNotMoved(administrators, moved);
  if (breaches.length > 0)
    throw new Error(
      `${breaches.length} of what ${moved.length} transfers say is not so: ${breaches.slice(0, 5).join('; ')}`,
    );
}

/** Returns a sentence for each that did not. */
export async function findNotMoved(
  administrators: Ground['administrators'],
  moved: readonly TransferTerms[],
): Promise<string[]> {
  const shards = Object.keys(administrators).filter((name) => name.startsWith('wallet-'));
  const breaches = await inDatabase(administrators['transfer']!, (client) => unfinished(client, moved));
  for (const shard of shards.keys()) {
    const legs = moved.flatMap((terms) => [
      { ...terms, type: 'DEBIT', walletId: terms.senderWalletId },
      { ...terms, type: 'CREDIT', walletId: terms.receiverWalletId },
    ]);
    const own = legs.filter(({ walletId }) => shardOf(walletId, shards.length) === shard);
    breaches.push(
      ...(await inDatabase(administrators[`wallet-${shard}`]!, async (client) => [
        ...(await wrongEntries(client, own)),
        ...(await wrongBalances(client, own)),
      ])),
    );
  }
  return breaches;
}

async function unfinished(client: pg.Client, moved: readonly TransferTerms[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string; said: string }>(
    `SELECT id, coalesce(status, 'no row') || ' after ' || coalesce(steps, 'no steps') AS said
     FROM unnest($1::uuid[]) AS id LEFT JOIN transfers ON transfer_id = id
     CROSS JOIN LATERAL (SELECT string_agg(step, ', ' ORDER BY step_id) AS steps FROM transfer_steps s WHERE s.transfer_id = id) AS s
     WHERE status IS DISTINCT FROM 'COMPLETED' OR steps IS DISTINCT FROM 'PENDING, DEBITED, COMPLETED'`,
    [moved.map(({ transferId }) => transferId)],
  );
  return rows.map(({ id, said }) => `transfer ${id} is ${said}`);
}

interface Leg extends TransferTerms {
  readonly type: string;
  readonly walletId: string;
}

/** Each leg has one entry, in its amount and in its wallet; and no other entry belongs to these transfers. */
async function wrongEntries(client: pg.Client, legs: readonly Leg[]): Promise<string[]> {
  const { rows } = await client.query<{ id: string; type: string; count: number }>(
    `WITH leg AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::numeric[]) AS l (id, type, wallet_id, amount)),
       entry AS (SELECT transaction_id AS id, type::text, wallet_id, amount FROM ledger_entries WHERE transaction_id IN (SELECT id FROM leg))
     SELECT id, type, count(entry.id)::int AS count
     FROM leg FULL JOIN entry USING (id, type, wallet_id, amount) GROUP BY id, type
     HAVING count(leg.id) <> 1 OR count(entry.id) <> 1`,
    columns(legs, ['transferId', 'type', 'walletId', 'amount']),
  );
  return rows.map(({ id, type, count }) => `${type} of transfer ${id} has ${count} entries as it should be`);
}

/** The balance of each wallet is the sum of its entries, and the balance in the last of them. */
async function wrongBalances(client: pg.Client, legs: readonly Leg[]): Promise<string[]> {
  const { rows } = await client.query<{ wallet_id: string; balance: string; sum: string }>(
    `SELECT w.wallet_id, w.balance, sum
     FROM wallets w
     CROSS JOIN LATERAL (SELECT coalesce(sum(CASE type WHEN 'DEBIT' THEN -amount ELSE amount END), 0) AS sum
       FROM ledger_entries e WHERE e.wallet_id = w.wallet_id) AS entries
     LEFT JOIN LATERAL (SELECT balance_after AS last
       FROM ledger_entries e WHERE e.wallet_id = w.wallet_id ORDER BY sequence DESC LIMIT 1) AS newest ON true
     WHERE w.wallet_id = ANY($1::uuid[]) AND (w.balance <> sum OR w.balance <> coalesce(last, 0))`,
    [[...new Set(legs.map(({ walletId }) => walletId))]],
  );
  return rows.map(({ wallet_id, balance, sum }) => `wallet ${wallet_id} has ${balance}, its entries sum to ${sum}`);
}

function columns(legs: readonly Leg[], names: readonly (keyof Leg)[]): unknown[][] {
  return names.map((name) => legs.map((leg) => leg[name]));
}

async function inDatabase<T>(url: string, look: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, query_timeout: 30_000 });
  await client.connect();
  try {
    return await look(client);
  } finally {
    await client.end();
  }
}

/** The legs of a batch's items: one side of them, senders or receivers, with what the wallet service needs to move them. */
import { sql, type SQL } from 'drizzle-orm';
import type { BatchLegs, BatchLegsQuery } from '../../domain/transfer/batch.ts';
import { ofTenant, type Tenant } from '../../domain/tenant.ts';
import type { Currency } from '../../domain/currency.ts';
import type { TransferId, WalletId } from '../../domain/ids.ts';
import { parseRanges } from '../../domain/index-set.ts';
import { MovementMissing } from '../../domain/transfer/movement-missing.ts';
import type { Database } from '../database.ts';
import { andBody } from './body.ts';

/**
 * Reads one side of some items. Throws MovementMissing if none of them is there, or if the batch has another body than
 * `bodyHash`: the items are then another batch's.
 */
export async function readBatchLegs(database: Database, query: BatchLegsQuery): Promise<BatchLegs> {
  const [wallet, counterparty] =
    query.side === 'sender'
      ? [sql`sender_wallet_id`, sql`receiver_wallet_id`]
      : [sql`receiver_wallet_id`, sql`sender_wallet_id`];
  // One text that is split here costs a fraction of ten thousand rows that the driver would read one by one.
  const { rows } = await database.execute<
    Record<'tenant' | 'indexes' | 'ids' | 'wallets' | 'currencies' | 'amounts' | 'counterparties', string | null> & {
      elsewhere: number;
    }
  >(sql`
    SELECT min(tenant) AS tenant, string_agg(batch_index::text, ',') FILTER (WHERE is_here) AS indexes, string_agg(transfer_id::text, ',') FILTER (WHERE is_here) AS ids,
      string_agg(wallet::text, ',') FILTER (WHERE is_here) AS wallets, string_agg(currency, ',') FILTER (WHERE is_here) AS currencies,
      string_agg(amount::text, ',') FILTER (WHERE is_here) AS amounts, string_agg(counterparty::text, ',') FILTER (WHERE is_here) AS counterparties, count(*) FILTER (WHERE NOT is_here)::int AS elsewhere
    FROM (
      SELECT tenant, batch_index, transfer_id, ${wallet} AS wallet, ${counterparty} AS counterparty, currency, amount,
        get_byte(uuid_send(${wallet}), 0) BETWEEN ${query.firstBucket} AND ${query.lastBucket} AS is_here
      FROM transfers WHERE batch_id = ${query.batchId} AND ${isAt(sql`batch_index`, query.places)} ${isOf(query)}
      ORDER BY batch_index
    ) item`);
  const { tenant, indexes, ids, wallets, currencies, amounts, counterparties, elsewhere } = rows[0]!;
  if (indexes === null && elsewhere === 0) throw new MovementMissing(`batch ${query.batchId}`);
  return {
    ...ofTenant(tenant as Tenant),
    indexes: split(indexes).map(Number),
    transferIds: split(ids) as TransferId[],
    walletIds: split(wallets) as WalletId[],
    currencies: split(currencies) as Currency[],
    amounts: split(amounts),
    counterpartyIds: split(counterparties) as WalletId[],
    elsewhere,
  };
}

/** The condition that the batch has the body that the query names, if it names one. */
function isOf({ batchId, bodyHash }: BatchLegsQuery): SQL {
  if (bodyHash === undefined) return sql``;
  return sql`AND EXISTS (SELECT FROM transfer_batches WHERE batch_id = ${batchId} ${andBody(bodyHash)})`;
}

/** The condition that an item's place is one of these. The BETWEEN is for the index. */
export function isAt(index: SQL, places: string): SQL {
  const ranges = parseRanges(places);
  const [first, last] = [ranges[0]?.[0] ?? 0, ranges.at(-1)?.[1] ?? -1];
  const bounds = sql`${index} BETWEEN ${first} AND ${last}`;
  if (ranges.length <= 1) return bounds;
  return sql`${bounds} AND ${index} <@ ${`{${ranges.map(([from, to]) => `[${from},${to}]`).join(',')}}`}::int4multirange`;
}

function split(text: string | null): string[] {
  return text === null ? [] : text.split(',');
}

/**
 * I1: no money was made or lost, and none went from one tenant to another. In each shard, the balances of all wallets of a tenant in a
 * currency, the external one included, plus the money that by the fences was debited and not yet credited or refunded, sum to zero;
 * hence they do so over all shards. A fence is the tenant's whose wallet it names.
 *
 * Each wallet operation moves a balance and its fence in one database transaction of one shard, so every shard's sum is zero in
 * every snapshot of it, even while transfers between shards are under way: it makes no difference that the snapshots of two
 * shards are not of the same instant. The fences include `held`: a hold is a debit that is not settled yet.
 */
import { sql } from 'drizzle-orm';
import { formatUnits, parseUnits } from '../domain/money.ts';
import type { Findings } from './findings.ts';
import { rowsOf, type Reader } from './reader.ts';

/** Decimal strings, over all shards and tenants. */
export interface MoneyOf {
  /** In users' wallets. */
  readonly wallets: string;
  /** In the external wallets: minus what came in from the outside world, plus what left. */
  readonly external: string;
  /** Debited and not yet credited or refunded. */
  readonly in_flight: string;
}

export async function checkMoney(shards: readonly Reader[], findings: Findings): Promise<Record<string, MoneyOf>> {
  const sums = new Map<string, { wallets: bigint; external: bigint; inFlight: bigint }>();
  for (const [shard, reader] of shards.entries()) {
    const [found] = await rowsOf<{ has_others: boolean }>(
      reader,
      sql`SELECT EXISTS (SELECT FROM wallets WHERE tenant <> 'default') AS has_others`,
    );
    // Where there is no other tenant, each fence is the default one's, and no wallet has to be looked up for it.
    const ofFences = found?.has_others
      ? sql`(
          SELECT coalesce(tenant, 'default') AS tenant, fence.currency, leg, amount, outcome
          FROM operation_fences fence LEFT JOIN wallets USING (wallet_id)
        ) fences`
      : sql`(SELECT 'default' AS tenant, currency, leg, amount, outcome FROM operation_fences) fences`;
    const rows = await rowsOf<{ tenant: string; currency: string } & Record<keyof MoneyOf, string>>(
      reader,
      sql`
      SELECT tenant, currency, sum(wallets) AS wallets, sum(external) AS external, sum(in_flight) AS in_flight FROM (
        SELECT tenant, currency, sum(balance) FILTER (WHERE kind = 'user') AS wallets, sum(balance) FILTER (WHERE kind = 'external') AS external, NULL::numeric AS in_flight
        FROM wallets GROUP BY tenant, currency
        UNION ALL
        SELECT tenant, currency, NULL, NULL, sum(CASE leg WHEN 'debit' THEN amount ELSE -amount END)
        FROM ${ofFences} WHERE outcome = 'applied' AND leg IN ('debit', 'credit', 'refund') GROUP BY tenant, currency
      ) parts GROUP BY tenant, currency ORDER BY tenant, currency`,
    );
    for (const { tenant, currency, ...parts } of rows) {
      const [wallets, external, inFlight] = [parts.wallets, parts.external, parts.in_flight].map((part) =>
        parseUnits(part ?? '0'),
      ) as [bigint, bigint, bigint];
      const sum = wallets + external + inFlight;
      if (sum !== 0n) {
        findings.report(
          'I1',
          `${currency}${tenant === 'default' ? '' : ` of ${tenant}`} in wallet shard ${shard}`,
          `${formatUnits(sum < 0n ? -sum : sum)} ${sum < 0n ? 'is missing' : 'came from nowhere'}`,
        );
      }
      const total = sums.get(currency) ?? { wallets: 0n, external: 0n, inFlight: 0n };
      sums.set(currency, {
        wallets: total.wallets + wallets,
        external: total.external + external,
        inFlight: total.inFlight + inFlight,
      });
    }
  }
  findings.count('currencies', sums.size);
  return Object.fromEntries(
    [...sums]
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([currency, { wallets, external, inFlight }]) => [
        currency,
        { wallets: formatUnits(wallets), external: formatUnits(external), in_flight: formatUnits(inFlight) },
      ]),
  );
}

/**
 * I3: each balance is what its entries say. It is not negative, except the external wallet's; it is the sum of the wallet's
 * entries, and the balance in the last of them; each entry's balance follows from the one before; sequences run from 1 without
 * gaps to the wallet's last one. The sum that is kept for a limit of 24 hours is that of the entries that it counts.
 */
import { sql } from 'drizzle-orm';
import type { Findings } from './findings.ts';
import { pagesOf, type Reader } from './reader.ts';

interface WalletSums {
  wallet_id: string;
  /** The conditions above that do not hold, each in a sentence. */
  wrong: string[];
  entries: string;
}

export async function checkBalances(shards: readonly Reader[], findings: Findings): Promise<void> {
  for (const reader of shards) {
    for await (const page of pagesOf(reader, walletsAfter, ({ wallet_id }: WalletSums) => wallet_id)) {
      findings.count('wallets', page.length);
      for (const { wallet_id, wrong, entries } of page) {
        findings.count('entries', Number(entries));
        for (const detail of wrong) findings.report('I3', `wallet ${wallet_id}`, detail);
      }
    }
  }
}

function walletsAfter(walletId: string, limit: number) {
  return sql`
    SELECT wallet_id, ledger.entries, array_remove(ARRAY[
      CASE WHEN kind = 'user' AND balance < 0 THEN format('balance %s is negative', balance) END,
      CASE WHEN balance <> ledger.total THEN format('balance %s, but its entries sum to %s', balance, ledger.total) END,
      CASE WHEN balance <> coalesce(last.balance_after, 0) THEN format('balance %s, but its last entry says %s', balance, last.balance_after) END,
      CASE WHEN ledger.wrong > 0 THEN format('%s entries say another balance than the entries before them lead to', ledger.wrong) END,
      CASE WHEN ledger.gaps > 0 THEN format('%s entries are not numbered one after the other', ledger.gaps) END,
      CASE WHEN last_sequence <> coalesce(last.sequence, 0) THEN format('the wallet counts %s entries, the last one is number %s', last_sequence, coalesce(last.sequence, 0)) END,
      CASE WHEN outgoing_sum <> counted.total THEN format('%s is counted for its limit of 24 hours, but the entries since number %s sum to %s', outgoing_sum, outgoing_from, counted.total) END
    ], NULL) AS wrong
    FROM (SELECT * FROM wallets WHERE wallet_id > ${walletId} ORDER BY wallet_id LIMIT ${limit}) wallet
    LEFT JOIN LATERAL (
      SELECT count(*) AS entries, coalesce(sum(signed), 0) AS total,
        count(*) FILTER (WHERE balance_after <> running) AS wrong,
        count(*) FILTER (WHERE sequence <> number) AS gaps
      FROM (
        SELECT signed, balance_after, sequence,
          sum(signed) OVER (ORDER BY sequence ROWS UNBOUNDED PRECEDING) AS running,
          row_number() OVER (ORDER BY sequence) AS number
        FROM (SELECT *, CASE type WHEN 'DEBIT' THEN -amount ELSE amount END AS signed FROM ledger_entries WHERE wallet_id = wallet.wallet_id) entry
      ) entry
    ) ledger ON true
    LEFT JOIN LATERAL (
      SELECT balance_after, sequence FROM ledger_entries WHERE wallet_id = wallet.wallet_id ORDER BY sequence DESC LIMIT 1
    ) last ON true
    LEFT JOIN LATERAL (
      SELECT coalesce(sum(debit.amount - coalesce(returned.amount, 0)), 0) AS total
      FROM ledger_entries debit LEFT JOIN ledger_entries returned
        ON (returned.transaction_id, returned.wallet_id, returned.type) = (debit.transaction_id, debit.wallet_id, 'REFUND')
      WHERE debit.wallet_id = wallet.wallet_id AND debit.sequence >= outgoing_from AND debit.type = 'DEBIT'
    ) counted ON true
    ORDER BY wallet_id`;
}

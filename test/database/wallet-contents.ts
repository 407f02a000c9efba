// What two wallet databases must agree on when the same transfers were moved in them in different ways.

import type { Database } from '../../db/database.ts';
import { rowsOf } from './database.ts';
import { EVENTS } from './outbox-events.ts';

/** Everything about transfers but the times. */
export async function walletContents(database: Database): Promise<unknown> {
  return {
    wallets: await rowsOf(database, 'SELECT wallet_id, balance, held, last_sequence FROM wallets ORDER BY 1'),
    entries: await rowsOf(
      database,
      `SELECT entry_id, wallet_id, transaction_id, type, amount, sequence, balance_after FROM ledger_entries WHERE transaction_id IN (SELECT transaction_id FROM operation_fences WHERE leg <> 'deposit') ORDER BY wallet_id, sequence`,
    ),
    fences: await rowsOf(
      database,
      `SELECT transaction_id, leg, outcome, reason, detail, wallet_id, currency, amount FROM operation_fences WHERE leg <> 'deposit' ORDER BY 1, 2`,
    ),
    events: await rowsOf(
      database,
      `SELECT event_id, type, subject, payload - 'time' AS payload FROM ${EVENTS} WHERE payload -> 'data' ->> 'transfer_id' IS NOT NULL ORDER BY 1`,
    ),
  };
}

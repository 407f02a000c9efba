// Recurring transfers that are stored directly, as the API stores them, so that they can run every second or have been made long
// ago. The stack treats them like any others, and its sweep makes their Schedules.

import { randomUUID } from 'node:crypto';
import type { ScheduleHandle } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { createRecurringTransfer } from '../../db/transfer/recurring-queries.ts';
import type { Currency } from '../../domain/currency.ts';
import { recurringTransferId } from '../../domain/derived-id.ts';
import type { RecurringTransferId, WalletId } from '../../domain/ids.ts';
import type { Calendar } from '../../domain/transfer/calendar.ts';
import { recurringBodyHash } from '../../domain/transfer/recurring-body.ts';
import type { Money } from './money.ts';
import { until } from './stack.ts';

const LIMIT_MS = 120_000;

/** `agedMs` says how long ago it was made; unless it `isTended`, the sweep leaves it to the test. */
export async function storeRecurring(
  money: Money,
  calendar: Calendar,
  { agedMs = 0, balance = '1000.00', timeZone = 'UTC', isTended = true } = {},
): Promise<RecurringTransferId> {
  const [sender, receiver] = [await money.wallet(0, balance), await money.wallet(1)];
  const idempotencyKey = randomUUID();
  const id = recurringTransferId(idempotencyKey);
  const terms = {
    senderWalletId: sender as WalletId,
    receiverWalletId: receiver as WalletId,
    amount: '1.0000',
    currency: 'USD' as Currency,
    reference: null,
    metadata: {},
    everySeconds: null,
    calendar,
    timeZone,
    startsAt: null,
    endsAt: null,
  };
  const bodyHash = recurringBodyHash(terms);
  const by = sql`interval '1 millisecond' * ${agedMs}::double precision`;
  // At once: a sweep that had seen it as it was before would give it a Schedule that starts now.
  await money.databases.transfer.transaction(async (transaction) => {
    await createRecurringTransfer(transaction, id, terms, { idempotencyKey, bodyHash }, { requestId: 'test' });
    await transaction.execute(sql`
      UPDATE recurring_transfer_changes SET created_at = created_at - ${by} WHERE recurring_transfer_id = ${id}`);
    await transaction.execute(sql`
      UPDATE recurring_transfers SET created_at = created_at - ${by}, settled_until = settled_until - ${by},
        tend_due_at = now() + ${isTended ? '0' : '1 hour'}::interval WHERE recurring_transfer_id = ${id}`);
  });
  return id;
}

/** The nominal times of its transfers, in ascending order, in milliseconds. */
export async function timesPaid(money: Money, id: RecurringTransferId): Promise<number[]> {
  const rows = await money.rows<{ at: Date }>(
    'transfer',
    'SELECT nominal_at AS at FROM transfers WHERE recurring_transfer_id = $1 AND nominal_at IS NOT NULL ORDER BY nominal_at',
    [id],
  );
  return rows.map(({ at }) => at.getTime());
}

/** Its Schedule, which may not be there yet. */
export function scheduleOf(money: Money, id: string): ScheduleHandle {
  return money.temporal.schedule.getHandle(`recurring/${id}`);
}

export function untilScheduled(money: Money, id: string): Promise<void> {
  return until(LIMIT_MS, `${id} has no Schedule`, async () => (await scheduleOf(money, id).describe()) !== undefined);
}

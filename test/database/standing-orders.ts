// Standing orders in the transfer database for tests: an hour old, each with a new name; the service's own queries run and change
// them.

import assert from 'node:assert/strict';
import * as orders from '../../db/transfer/recurring-queries.ts';
import * as runs from '../../db/transfer/recurring-runs.ts';
import { recurringTransferId, walletId } from '../../domain/derived-id.ts';
import type { RecurringTransferId } from '../../domain/ids.ts';
import { recurringBodyHash } from '../../domain/transfer/recurring-body.ts';
import type { RecurringTerms } from '../../domain/transfer/recurring.ts';
import { rowsOf, type TestDatabase } from './database.ts';
import { fresh, trace, USD } from './wallets.ts';

export const DEADLINE_SECONDS = 600;
export const MINUTE_MS = 60_000;

export const minutesAgo = (minutes: number): Date =>
  new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - minutes * MINUTE_MS);

export function standingOrdersIn({ service: database, admin }: TestDatabase) {
  /** Creates one that was made an hour ago and has been active since. */
  async function create(changes: Partial<RecurringTerms> = {}): Promise<RecurringTransferId> {
    const terms: RecurringTerms = {
      senderWalletId: walletId(fresh('sender'), USD),
      receiverWalletId: walletId(fresh('receiver'), USD),
      amount: '12.5000',
      currency: USD,
      reference: 'rent',
      metadata: { flat: '7' },
      everySeconds: 60,
      calendar: null,
      timeZone: 'UTC',
      startsAt: null,
      endsAt: null,
      ...changes,
    };
    const idempotencyKey = fresh('key');
    const id = recurringTransferId(idempotencyKey);
    const named = { idempotencyKey, bodyHash: recurringBodyHash(terms) };
    const row = await orders.createRecurringTransfer(database, id, terms, named, trace);
    assert.equal(row?.status, 'ACTIVE');
    assert.equal(await orders.createRecurringTransfer(database, id, terms, named, trace), undefined);
    await rowsOf(
      admin,
      `UPDATE recurring_transfer_changes SET created_at = created_at - interval '1 hour' WHERE recurring_transfer_id = '${id}';
       UPDATE recurring_transfers SET created_at = created_at - interval '1 hour', tend_due_at = NULL WHERE recurring_transfer_id = '${id}'`,
    );
    return id;
  }
  const run = (id: RecurringTransferId, at: Date) => runs.acceptScheduledRun(database, id, at, DEADLINE_SECONDS);
  const outcomeOf = async (id: RecurringTransferId, at: Date) => (await run(id, at)).outcome;
  const missed = async (id: RecurringTransferId, times: readonly Date[]) =>
    runs.findMissedRuns(database, (await orders.findRecurringTransfer(database, id))!, times);
  const change = (id: RecurringTransferId, status: 'ACTIVE' | 'PAUSED' | 'DELETED') =>
    orders.changeRecurringStatus(database, id, status, trace);
  return { create, run, outcomeOf, missed, change };
}

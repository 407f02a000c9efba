/**
 * A credit that a wallet shard loses and gets back, each in one statement of an administrator: its ledger entry, its fence and its
 * event are gone, as if the shard had been restored to an earlier time. The rows that are left agree with each other.
 */
import type { OwnWallets } from './own-wallets.ts';
import type { Place, Stack } from './stack.ts';

export interface Credit {
  readonly transfer: string;
  readonly receiver: string;
  readonly place: Place;
  /** The rows as JSON, written by the database. */
  readonly fence: string;
  readonly entry: string;
  readonly event: string;
}

/** Reads the credit of a completed transfer, which must be the receiver's last movement. */
export async function readCredit(stack: Stack, place: Place, transfer: string, receiver: string): Promise<Credit> {
  const [row] = await stack.rows<Pick<Credit, 'fence' | 'entry' | 'event'>>(
    place,
    `SELECT to_json(fence)::text AS fence, to_json(entry)::text AS entry, to_json(event)::text AS event
     FROM operation_fences fence JOIN ledger_entries entry USING (transaction_id)
       JOIN outbox_events event ON event_id = 'wallet.credited/' || transaction_id
     WHERE transaction_id = $1 AND leg = 'credit' AND entry.wallet_id = $2`,
    [transfer, receiver],
  );
  if (row === undefined) throw new Error(`transfer ${transfer} has completed, but its credit is not there`);
  return { transfer, receiver, place, ...row };
}

export async function lose(stack: Stack, { place, transfer, receiver }: Credit): Promise<void> {
  await stack.rows(
    place,
    `WITH fence AS (DELETE FROM operation_fences WHERE transaction_id = $1 AND leg = 'credit'),
       event AS (DELETE FROM outbox_events WHERE event_id = 'wallet.credited/' || $1),
       entry AS (DELETE FROM ledger_entries WHERE transaction_id = $1::uuid AND wallet_id = $2 RETURNING amount)
     UPDATE wallets SET balance = balance - entry.amount, last_sequence = last_sequence - 1 FROM entry WHERE wallet_id = $2`,
    [transfer, receiver],
  );
}

/** Puts the credit back. Changes nothing in a repeat, or if a late statement has made the credit anew. */
export async function putBack(stack: Stack, { place, receiver, fence, entry, event }: Credit): Promise<void> {
  await stack.rows(
    place,
    `WITH fence AS (
         INSERT INTO operation_fences SELECT * FROM json_populate_record(NULL::operation_fences, $2)
         ON CONFLICT DO NOTHING RETURNING amount
       ), entry AS (
         INSERT INTO ledger_entries SELECT row.* FROM json_populate_record(NULL::ledger_entries, $3) row, fence
       ), event AS (
         INSERT INTO outbox_events SELECT row.* FROM json_populate_record(NULL::outbox_events, $4) row, fence
       )
     UPDATE wallets SET balance = balance + fence.amount, last_sequence = last_sequence + 1 FROM fence WHERE wallet_id = $1`,
    [receiver, fence, entry, event],
  );
}

/** Whether the event of the credit is in the event log. */
export async function isLogged(stack: Stack, transfer: string, receiver: string): Promise<boolean> {
  const statement = 'SELECT FROM event_log WHERE subject = $1 AND event_id = $2';
  return (await stack.rows('events', statement, [receiver, `wallet.credited/${transfer}`])).length > 0;
}

export async function isThere(stack: Stack, { place, transfer }: Credit): Promise<boolean> {
  const statement = `SELECT FROM operation_fences WHERE transaction_id = $1 AND leg = 'credit'`;
  return (await stack.rows(place, statement, [transfer])).length > 0;
}

/** Makes all movements of these wallets a day older, so that no run looks at them as recent changes. */
export async function age(stack: Stack, { sender, receiver }: OwnWallets, transfers: readonly string[]): Promise<void> {
  // Before and after, because watermarks are noted all the time; here the shard has lost nothing.
  const forgetWatermarks = () => stack.rows('transfer', 'DELETE FROM shard_watermarks');
  await forgetWatermarks();
  for (const place of ['wallet-0', 'wallet-1'] as const)
    for (const table of ['ledger_entries', 'operation_fences'])
      await stack.rows(
        place,
        `UPDATE ${table} SET created_at = created_at - interval '1 day' WHERE wallet_id = ANY($1)`,
        [[sender, receiver]],
      );
  await forgetWatermarks();
  await stack.rows(
    'transfer',
    `UPDATE transfers SET created_at = created_at - interval '1 day', updated_at = updated_at - interval '1 day'
     WHERE transfer_id = ANY($1)`,
    [transfers],
  );
}

/** Notes this leg as the shard's watermark, as if the shard had been asked just before it lost the leg. */
export async function noteAsNewest(stack: Stack, shard: number, { transfer, fence }: Credit): Promise<void> {
  await stack.rows(
    'transfer',
    `INSERT INTO shard_watermarks (shard, movement_id, leg, decided_at) VALUES ($1, $2, 'credit', $3)
     ON CONFLICT (shard) DO UPDATE SET movement_id = excluded.movement_id, leg = excluded.leg, decided_at = excluded.decided_at,
       noted_at = clock_timestamp()`,
    [shard, transfer, (JSON.parse(fence) as { created_at: string }).created_at],
  );
}

// What the event log says, read over HTTP as a client reads it, against what the ledgers and the movements' rows say.

import assert from 'node:assert/strict';
import type { Money } from './money.ts';
import { until } from './stack.ts';

const CATCH_UP_LIMIT_MS = 120_000;

interface LoggedEvent {
  readonly position: number;
  readonly type: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, string>>;
}

interface EventPage {
  readonly data: LoggedEvent[];
  readonly next_after: number;
  readonly head: number;
}

/** Every event of the log. */
async function readAll(money: Money): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  for (let after = 0; ;) {
    const { status, body } = await money.api.get<EventPage>(`/v1/events?after=${after}&limit=1000`);
    assert.equal(status, 200, JSON.stringify(body));
    events.push(...body.data);
    if (body.next_after === body.head) return events;
    after = body.next_after;
  }
}

/**
 * Waits until the log has an event for each ledger entry of a user's wallet, and then requires that each is there once, in the order
 * of its wallet's sequence, that each ended movement has ended once in the log, and that positions have no gap.
 */
export async function assertLogged(money: Money): Promise<void> {
  const entries = (
    await Promise.all(
      (['wallet-0', 'wallet-1'] as const).map((place) =>
        money.rows<{ wallet_id: string; line: string }>(
          place,
          `SELECT wallet_id, CASE type WHEN 'DEBIT' THEN 'wallet.debited' WHEN 'CREDIT' THEN 'wallet.credited' ELSE 'wallet.refunded' END
             || ' ' || transaction_id || ' ' || amount AS line
           FROM ledger_entries JOIN wallets USING (wallet_id) WHERE kind = 'user' ORDER BY wallet_id, sequence`,
        ),
      ),
    )
  ).flat();
  const ends = await money.rows<{ line: string }>(
    'transfer',
    `SELECT 'transfer.' || lower(status) || ' ' || transfer_id AS line FROM transfers WHERE status IN ('COMPLETED', 'FAILED', 'CANCELED')
     UNION ALL SELECT 'transaction.' || lower(status) || ' ' || transaction_id FROM transactions WHERE status IN ('PROCESSED', 'FAILED')`,
  );
  const moved = new Set(['wallet.debited', 'wallet.credited', 'wallet.refunded']);
  const ended = /^(transfer|transaction)\.(completed|failed|canceled|processed)$/;
  let events: LoggedEvent[] = [];
  await until(CATCH_UP_LIMIT_MS, 'the event log does not catch up', async () => {
    events = await readAll(money);
    return events.filter(({ type }) => moved.has(type)).length >= entries.length;
  });
  assert.deepEqual(
    events.map(({ position }) => position),
    events.map((_, at) => at + 1),
    'positions have no gap',
  );
  const byWallet = Map.groupBy(
    events.filter(({ type }) => moved.has(type)),
    ({ subject }) => subject,
  );
  for (const [wallet, own] of Map.groupBy(entries, ({ wallet_id }) => wallet_id))
    assert.deepEqual(
      byWallet
        .get(wallet)
        ?.map(({ type, data }) => `${type} ${data['transfer_id'] ?? data['transaction_id']} ${data['amount']}`),
      own.map(({ line }) => line),
      `the events of wallet ${wallet}, in the order of its ledger`,
    );
  assert.deepEqual([...byWallet.keys()].length, new Set(entries.map(({ wallet_id }) => wallet_id)).size);
  assert.deepEqual(
    events
      .filter(({ type }) => ended.test(type))
      .map(({ type, subject }) => `${type} ${subject}`)
      .sort(),
    ends.map(({ line }) => line).sort(),
    'each ended movement has ended once in the log',
  );
}

// The transfer database is restored while workflows are open whose rows it then lacks, or has in an older state. If a row is
// lost and its key comes back with another body, the outcome of the first run is never written into the second movement, which
// has a run of its own. If a row is older, its run knows more, and brings the row up to date.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Movement } from './api-client.ts';
import { openMoney, type Money } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';

const LIMIT_MS = 120_000;

describe('a row that is lost while its workflow is open, whose key comes back with another body', () => {
  let stack: TestStack;
  let money: Money;
  let [a, b, c, d] = ['', '', '', ''];
  before(async () => {
    stack = await startStack();
    await stack.waitUntilReady();
    money = await openMoney(stack);
    [a, b, c, d] = await Promise.all([
      money.wallet(0, '100'),
      money.wallet(1, '100'),
      money.wallet(0, '100'),
      money.wallet(1, '100'),
    ]);
  });
  after(async () => {
    await money?.close();
    await stack?.remove();
  });

  test('of a scheduled transfer: the new one does not wait for its time, and nothing has moved', async () => {
    const key = randomUUID();
    const scheduled_at = new Date(Date.now() + 86_400_000).toISOString();
    const { transfer_id } = await accepted(key, { ...of(a, b, '10'), scheduled_at });
    const before = await balances();
    await lose(transfer_id);
    const again = await accepted(key, of(c, d, '5'));
    assert.equal(again.transfer_id, transfer_id);
    const { status, failure_reason } = await ended(transfer_id);
    assert.deepEqual([status, failure_reason], ['FAILED', 'terms_conflict']);
    assert.deepEqual(await balances(), before);
  });

  test('of a hold: it is given back, and a plain transfer of the same terms is not COMPLETED by it', async () => {
    const key = randomUUID();
    const before = await balances();
    const { transfer_id } = await accepted(key, { ...of(a, b, '30'), capture_method: 'manual' });
    await until(LIMIT_MS, 'it is not held', async () => (await read(transfer_id)).status === 'DEBITED');
    await lose(transfer_id);
    await accepted(key, of(a, b, '30'));
    assert.notEqual((await ended(transfer_id)).status, 'COMPLETED');
    assert.deepEqual(await balances(), before);
    assert.deepEqual(await money.entriesOf(transfer_id), ['DEBIT', 'REFUND']);
  });

  test('of a transfer that is being credited: its end is not that of the new one, which is not canceled by a request to it', async () => {
    const key = randomUUID();
    const release = await money.lockWallet(b);
    const { transfer_id } = await accepted(key, of(a, b, '7'));
    await until(LIMIT_MS, 'it is not debited', async () => (await money.entriesOf(transfer_id)).includes('DEBIT'));
    await until(LIMIT_MS, 'its row does not say so', async () => (await read(transfer_id)).status === 'DEBITED');
    const [from, to] = await Promise.all([c, d].map((id) => money.api.balance(id)));
    await lose(transfer_id);
    await accepted(key, of(c, d, '9'));
    const cancel = money.api.post<Movement>(`/v1/transfers/${transfer_id}/cancel`, {});
    await release();
    const { status, failure_reason } = await ended(transfer_id);
    assert.deepEqual([status, failure_reason], ['FAILED', 'terms_conflict']);
    assert.equal((await cancel).status, 409, 'it has not been canceled');
    assert.deepEqual(await Promise.all([c, d].map((id) => money.api.balance(id))), [from, to]);
  });

  test('a hold whose row is of before its debit is captured, and not canceled', async () => {
    const { transfer_id } = await accepted(randomUUID(), { ...of(a, b, '3'), capture_method: 'manual' });
    await until(LIMIT_MS, 'it is not held', async () => (await read(transfer_id)).status === 'DEBITED');
    await money.rows(
      'transfer',
      `WITH step AS (DELETE FROM transfer_steps WHERE transfer_id = $1 AND step = 'DEBITED')
       UPDATE transfers SET status = 'PENDING' WHERE transfer_id = $1`,
      [transfer_id],
    );
    const captured = await money.api.post<Movement>(`/v1/transfers/${transfer_id}/capture`, { amount: '2' });
    assert.deepEqual([captured.status, captured.body.status], [200, 'COMPLETED'], JSON.stringify(captured.body));
    assert.deepEqual(await money.entriesOf(transfer_id), ['CREDIT', 'DEBIT', 'REFUND']);
  });

  for (const items of [1, 2]) {
    test(`a batch of two, whose key comes back with ${items} other: nothing of the first run is said or done of it`, async (t) => {
      const key = randomUUID();
      const release = await money.lockWallet(a);
      t.after(release);
      const first = await money.api.post<{ batch_id: string }>(
        '/v1/transfer-batches',
        { items: [of(a, b, '1'), of(a, d, '1')] },
        { 'idempotency-key': key },
      );
      assert.equal(first.status, 202, JSON.stringify(first.body));
      const { batch_id } = first.body;
      const run = money.temporal.workflow.getHandle(`batch/${batch_id}`);
      await until(LIMIT_MS, 'it is not at work', async () =>
        ((await run.describe().catch(() => undefined))?.raw.pendingActivities ?? []).some(
          ({ attempt }) => attempt === 1,
        ),
      );
      const [from, to] = await Promise.all([c, d].map((id) => money.api.balance(id)));
      const ids = (
        await money.rows<{ id: string }>('transfer', 'SELECT transfer_id AS id FROM transfers WHERE batch_id = $1', [
          batch_id,
        ])
      ).map(({ id }) => id);
      for (const id of ids) await lose(id);
      await money.rows('transfer', 'DELETE FROM transfer_batches WHERE batch_id = $1', [batch_id]);
      const again = await money.api.post(
        '/v1/transfer-batches',
        { items: Array.from({ length: items }, () => of(c, d, '2')) },
        { 'idempotency-key': key },
      );
      assert.equal(again.status, 202, JSON.stringify(again.body));
      await release();
      let counts: Record<string, number> = {};
      await until(LIMIT_MS, 'it has not ended', async () => {
        const { body } = await money.api.get<{ status: string; counts: Record<string, number> }>(
          `/v1/transfer-batches/${batch_id}`,
        );
        counts = body.counts;
        return body.status === 'COMPLETED';
      });
      // What the first run had debited by then is another item's, and refused.
      const moved = 2 * counts['completed']!;
      assert.deepEqual((await Promise.all([c, d].map((id) => money.api.balance(id)))).map(Number), [
        Number(from) - moved,
        Number(to) + moved,
      ]);
      const reasons = await money.rows<{ failure_reason: string }>(
        'transfer',
        `SELECT coalesce(failure_reason, status) AS failure_reason FROM transfers WHERE batch_id = $1 AND status <> 'COMPLETED'`,
        [batch_id],
      );
      assert.ok(
        reasons.every(({ failure_reason }) => failure_reason === 'terms_conflict'),
        JSON.stringify(reasons),
      );
    });
  }

  function of(sender_wallet_id: string, receiver_wallet_id: string, amount: string) {
    return { sender_wallet_id, receiver_wallet_id, amount, currency: 'USD' };
  }

  async function accepted(key: string, body: object): Promise<Movement> {
    const answer = await money.api.post<Movement>('/v1/transfers', body, { 'idempotency-key': key });
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return answer.body;
  }

  async function read(id: string): Promise<Movement> {
    return (await money.api.get<Movement>(`/v1/transfers/${id}`)).body;
  }

  async function ended(id: string): Promise<Movement> {
    let row = await read(id);
    await until(LIMIT_MS, 'it has not ended', async () => {
      row = await read(id);
      return ['COMPLETED', 'FAILED', 'CANCELED'].includes(row.status);
    });
    return row;
  }

  function balances(): Promise<string[]> {
    return Promise.all([a, b, c, d].map((id) => money.api.balance(id)));
  }

  /** As if its database were restored to before it was accepted. */
  async function lose(id: string): Promise<void> {
    await money.rows(
      'transfer',
      `WITH steps AS (DELETE FROM transfer_steps WHERE transfer_id = $1::uuid),
         events AS (DELETE FROM outbox_events WHERE subject = $1::text)
       DELETE FROM transfers WHERE transfer_id = $1::uuid`,
      [id],
    );
  }
});

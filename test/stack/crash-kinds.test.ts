// Holds and cancels when processes die and runs are terminated: an accepted request is carried out by the next process or run.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import pg from 'pg';
import { killAndAwaitNext } from './faults.ts';
import type { Money } from './money.ts';
import { until, type TestStack } from './stack.ts';
import { useStack } from './use-stack.ts';

describe('a hold', () => {
  let stack: TestStack;
  let money: Money;

  useStack((started) => {
    ({ stack, money } = started);
  });

  const hold = async (): Promise<{ id: string; sender: string; receiver: string }> => {
    const [sender, receiver] = [await money.wallet(0, '100.00'), await money.wallet(1)];
    const body = { sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '25.00', capture_method: 'manual' };
    const made = await money.api.post('/v1/transfers', body, { 'idempotency-key': randomUUID(), prefer: 'wait=60' });
    assert.equal(made.body['status'], 'DEBITED', JSON.stringify(made.body));
    return { id: String(made.body['transfer_id']), sender, receiver };
  };
  const act = (id: string, action: string, body: object = {}) => money.api.post(`/v1/transfers/${id}/${action}`, body);
  const handleOf = (id: string) => money.temporal.workflow.getHandle(`transfer/${id}`);

  test('whose capture was accepted before everything was killed is captured by the next process, as it was asked', async () => {
    const { id, sender, receiver } = await hold();
    const release = await money.lockWallet(receiver);
    const asked = act(id, 'capture', { amount: '10.00' }).catch(() => undefined);
    await until(120_000, 'the capture was not decided', async () => {
      const [row] = await money.rows('transfer', 'SELECT captured_amount FROM transfers WHERE transfer_id = $1', [id]);
      return row?.['captured_amount'] !== null;
    });
    await killAndAwaitNext(stack, 'app');
    await release();
    await asked;
    await stack.waitUntilReady();
    const { status, body } = await act(id, 'capture', { amount: '10.00' });
    assert.ok(status === 200 || status === 202, JSON.stringify(body));
    await money.assertSound();
    assert.deepEqual([await money.api.balance(sender), await money.api.balance(receiver)], ['90.0000', '10.0000']);
    const other = await act(id, 'capture', { amount: '11.00' });
    assert.equal(other.body['code'], 'not_capturable');
  });

  for (const [action, status] of [
    ['capture', 'COMPLETED'],
    ['cancel', 'CANCELED'],
  ] as const) {
    test(`whose run was terminated is taken up by the next ${action}`, async () => {
      const { id, sender } = await hold();
      // The deadline was for the debit: that it has passed is nothing to a hold.
      const past = `UPDATE transfers SET deadline_at = created_at + interval '1 millisecond' WHERE transfer_id = $1`;
      await money.rows('transfer', past, [id]);
      await handleOf(id).terminate('by a test');
      const { body } = await act(id, action);
      assert.equal(body['status'], status, JSON.stringify(body));
      assert.equal(await money.api.balance(sender), action === 'capture' ? '75.0000' : '100.0000');
      await money.assertSound();
    });
  }

  test('whose run was terminated in the midst of its capture is captured as that was decided, whatever is asked next', async () => {
    const { id, sender, receiver } = await hold();
    const release = await money.lockWallet(receiver);
    const asked = act(id, 'capture', { amount: '10.00' });
    await until(120_000, 'the capture was not decided', async () => {
      const [row] = await money.rows('transfer', 'SELECT captured_amount FROM transfers WHERE transfer_id = $1', [id]);
      return row?.['captured_amount'] !== null;
    });
    await handleOf(id).terminate('by a test');
    await release();
    const canceled = await act(id, 'cancel');
    assert.deepEqual([canceled.status, canceled.body['code']], [409, 'not_cancelable'], JSON.stringify(canceled.body));
    assert.ok([200, 202].includes((await asked).status));
    await money.assertSound();
    assert.deepEqual([await money.api.balance(sender), await money.api.balance(receiver)], ['90.0000', '10.0000']);
  });

  for (const [action, status] of [
    ['capture', 'COMPLETED'],
    ['cancel', 'CANCELED'],
  ] as const) {
    test(`whose ${action} is only known to a run that was terminated was told no client to be accepted`, async () => {
      const { id, receiver } = await hold();
      const holder = new pg.Client({ connectionString: stack.file().databases['transfer']! });
      await holder.connect();
      await holder.query('BEGIN');
      await holder.query('SELECT FROM transfers WHERE transfer_id = $1 FOR UPDATE', [id]);
      const asked = money.api.once.post(`/v1/transfers/${id}/${action}`, {}, { prefer: 'wait=0' });
      await until(120_000, 'it was not taken', async () => {
        const { events } = await handleOf(id).fetchHistory();
        return events!.some((event) => event.workflowExecutionUpdateAcceptedEventAttributes);
      });
      // What would write it down has to wait for the row: written after the lock is released, it would be accepted, and rightly.
      const waiting = 'FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))';
      await until(
        120_000,
        'nothing waits for the row',
        async () => (await holder.query(`SELECT ${waiting}`)).rowCount !== 0,
      );
      await handleOf(id).terminate('by a test');
      await holder.query(`SELECT pg_terminate_backend(pid) ${waiting}`);
      await holder.end();
      const { status: answered, body } = await asked;
      assert.deepEqual([answered, body['code']], [503, 'temporal_unavailable']);
      assert.equal((await act(id, action)).body['status'], status);
      assert.equal(await money.api.balance(receiver), action === 'capture' ? '25.0000' : '0.0000');
      await money.assertSound();
    });
  }

  test('survives that the workers are killed while it waits, and is captured after that', async () => {
    const { id, receiver } = await hold();
    await killAndAwaitNext(stack, 'app');
    await stack.waitUntilReady();
    assert.equal((await act(id, 'capture')).body['status'], 'COMPLETED');
    assert.equal(await money.api.balance(receiver), '25.0000');
    await money.assertSound();
  });
});

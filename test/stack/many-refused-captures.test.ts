// A hold whose receiver is suspended: however often its capture is asked for meanwhile, its run keeps room for the requests
// that end it; and where a run has taken all the requests that Temporal lets it take, the hold can be canceled all the same.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import type { TransferId } from '../../domain/ids.ts';
import { captureUpdate, transferWorkflowId } from '../../workflows/transfer/messages.ts';
import type { Money } from './money.ts';
import { useFewUpdates } from './use-few-updates.ts';

/** Of one run; by default it is 2,000. */
const UPDATES_MAX = 8;
const REFUSED = 30;

interface Refused {
  readonly code: string;
  readonly reason: string;
}

describe('a hold whose receiver is suspended', () => {
  let money: Money;
  useFewUpdates(UPDATES_MAX, (started) => {
    ({ money } = started);
  });

  async function held() {
    const [alice, bob] = [await money.wallet(0, '100'), await money.wallet(1)];
    const { body } = await money.api.post<{ transfer_id: TransferId; status: string }>(
      '/v1/transfers',
      {
        ...{ sender_wallet_id: alice, receiver_wallet_id: bob, amount: '25' },
        ...{ capture_method: 'manual', expires_in: 3_600 },
      },
      { 'idempotency-key': randomUUID(), prefer: 'wait=20' },
    );
    const path = `/v1/transfers/${body.transfer_id}`;
    while ((await money.api.get<{ status: string }>(path)).body.status !== 'DEBITED');
    await money.api.post(`/v1/wallets/${bob}/suspend`);
    const handle = money.temporal.workflow.getHandle(transferWorkflowId(body.transfer_id));
    // The row says DEBITED before the run has gone on to wait: its history grows a little more, by the timer of its expiry at last.
    for (let timers = 0; timers < 2;)
      timers = (await handle.fetchHistory()).events!.filter((event) => event.timerStartedEventAttributes).length;
    return { alice, bob, path, handle };
  }

  test('is asked for in vain as often as one likes, and captured once the receiver is active again', async () => {
    const { bob, path, handle } = await held();
    const lengthBefore = (await handle.describe()).historyLength;
    for (let n = 0; n < REFUSED; n += 1) {
      const { status, body } = await money.api.post<Refused>(`${path}/capture`);
      assert.deepEqual([status, body.code, body.reason], [409, 'not_capturable', 'receiver_suspended']);
    }
    assert.equal((await handle.describe()).historyLength, lengthBefore);
    await money.api.post(`/v1/wallets/${bob}/activate`);
    assert.equal((await money.api.post(`${path}/capture`)).body['status'], 'COMPLETED');
    await money.assertSound();
  });

  test('is canceled also where its run has taken all the requests that it may take', async () => {
    const { alice, bob, path, handle } = await held();
    // As an API of the version before asks, which does not look at the receiver first.
    const capture = () => handle.executeUpdate(captureUpdate, { args: [{ amount: '25.0000' }] });
    for (let n = 0; n < UPDATES_MAX; n += 1) await assert.rejects(capture(), { name: 'WorkflowUpdateFailedError' });
    await assert.rejects(
      capture(),
      (error) => error instanceof ServiceError && isGrpcServiceError(error.cause) && error.cause.code === 9,
    );
    await money.api.post(`/v1/wallets/${bob}/activate`);
    const refused = await money.api.post<Refused>(`${path}/capture`);
    assert.deepEqual([refused.status, refused.body.code], [409, 'not_capturable']);

    const canceled = await money.api.post(`${path}/cancel`);
    assert.deepEqual([canceled.status, canceled.body['status']], [200, 'CANCELED']);
    assert.equal(await money.api.balance(alice), '100.0000');
    await money.assertSound();
  });
});

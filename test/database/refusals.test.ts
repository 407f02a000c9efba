// The details of a refused capture or reversal: the reason, and the amount that would not have been refused.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { sql } from 'drizzle-orm';
import { boundStarts } from '../../api/http/bound-starts.ts';
import { recordTransferStatus } from '../../db/transfer/queries.ts';
import type { TransferId } from '../../domain/ids.ts';
import type { ReachedStatus } from '../../domain/transfer/transfer.ts';
import { RECEIVER, SENDER, testApp, type Problem, type TestApp } from '../pure/api-fakes.ts';
import { startCluster, type TestCluster, type TestStores } from './database.ts';
import { fresh, trace } from './wallets.ts';

const EXPIRED_AT = '2026-01-31T12:00:00.000Z';

describe('a refusal says why', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let app: TestApp['app'];
  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
    const refusal = new WorkflowUpdateFailedError('refused', ApplicationFailure.nonRetryable('', 'not_capturable'));
    const client = {
      connection: { withAbortSignal: (_signal: AbortSignal, work: () => Promise<unknown>) => work() },
      workflow: { getHandle: () => ({ executeUpdate: () => Promise.reject(refusal) }) },
    } as never;
    const monitor = { isDown: () => false, suspect: () => {}, stop: () => {} };
    ({ app } = testApp({
      database: stores.transfer.service,
      acceptance: {
        client,
        monitor,
        backlog: { isLong: () => false },
        shardsBehind: { areAnyBehind: async () => false, known: () => [] },
        starts: boundStarts(client, monitor),
        draining: new AbortController().signal,
      },
    }));
  });
  after(() => cluster.stop());

  const post = async (path: string, body: object): Promise<Problem & { readonly transfer_id: string }> => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': fresh('key') };
    const response = await app.request(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as Problem & { readonly transfer_id: string };
  };
  const made = async (kind: object, ...reached: ReachedStatus[]): Promise<string> => {
    const body = { sender_wallet_id: SENDER, receiver_wallet_id: RECEIVER, amount: '25.00', ...kind };
    const { transfer_id: id } = await post('/v1/transfers', body);
    for (const status of reached) await recordTransferStatus(stores.transfer.service, id as TransferId, status, trace);
    return id;
  };
  const expire = (id: string) =>
    stores.transfer.admin.execute(sql`UPDATE transfers SET expires_at = ${EXPIRED_AT} WHERE transfer_id = ${id}`);
  const told = ({ code, detail }: Problem) => [code, detail];

  test('a capture just after the expiry is told of that, and not that the transfer is DEBITED', async () => {
    const hold = { capture_method: 'manual' };
    const id = await made(hold, { status: 'DEBITED' });
    const capture = () => post(`/v1/transfers/${id}/capture`, {});
    assert.deepEqual(told(await capture()), ['not_capturable', 'The transfer is DEBITED.']);
    await expire(id);
    assert.deepEqual(told(await capture()), [
      'not_capturable',
      `The transfer is DEBITED: its hold expired at ${EXPIRED_AT} and is being given back.`,
    ]);
    const failed = { status: 'FAILED', failureReason: 'capture_expired' } as const;
    await recordTransferStatus(stores.transfer.service, id as TransferId, failed, trace);
    assert.deepEqual(told(await capture()), [
      'not_capturable',
      `The transfer is FAILED: its hold expired at ${EXPIRED_AT}.`,
    ]);
    assert.match((await post(`/v1/transfers/${id}/capture`, { amount: '25.01' })).detail!, /It is 25\.0000 USD\.$/);
  });

  test('a reversal of too much is told what is left', async () => {
    const id = await made({}, { status: 'DEBITED' }, { status: 'COMPLETED' });
    const reverse = (amount?: string) => post(`/v1/transfers/${id}/reversals`, amount === undefined ? {} : { amount });
    await reverse('10');
    const left = 'The transfer is COMPLETED: 15.0000 USD is left to reverse.';
    assert.deepEqual(told(await reverse('15.01')), ['not_reversible', left]);
    assert.match((await reverse('25.01')).detail!, /15\.0000 USD is left to reverse\.$/);
    await reverse();
    const nothing = 'all that it moved, 25.0000 USD, is reversed already or being reversed';
    for (const amount of [undefined, '1'])
      assert.deepEqual(told(await reverse(amount)), ['not_reversible', `The transfer is COMPLETED: ${nothing}.`]);
    const open = await made({});
    assert.deepEqual(told(await post(`/v1/transfers/${open}/reversals`, {})), [
      'not_reversible',
      'The transfer is PENDING: it has moved nothing yet.',
    ]);
    const failed = await made({}, { status: 'FAILED', failureReason: 'insufficient_funds' });
    const reversal = await post(`/v1/transfers/${failed}/reversals`, {});
    assert.deepEqual(told(reversal), ['not_reversible', 'The transfer is FAILED: it has moved nothing.']);
  });

  test('a second capture is told what the first one took, and a capture of no hold that there is none', async () => {
    const completed = { status: 'COMPLETED', capturedAmount: '5.0000' } as const;
    const hold = await made({ capture_method: 'manual' }, { status: 'DEBITED' }, completed);
    assert.deepEqual(told(await post(`/v1/transfers/${hold}/capture`, { amount: '7' })), [
      'not_capturable',
      'The transfer is COMPLETED: 5.0000 of its 25.0000 USD is captured already, and a hold is captured once.',
    ]);
    const plain = await made({}, { status: 'DEBITED' }, { status: 'COMPLETED' });
    assert.deepEqual(told(await post(`/v1/transfers/${plain}/capture`, {})), [
      'not_capturable',
      'The transfer is COMPLETED: it never was a hold, because its capture_method is automatic.',
    ]);
  });
});

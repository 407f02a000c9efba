// What the row of a return shows to an operator.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findReturn, listReturns, recordReturn, recordReturnAttention } from '../../db/order/returns.ts';
import { startAuditedOrders, type AuditedOrderStack } from './audited-orders.ts';
import { trace } from './wallets.ts';

let stack: AuditedOrderStack;
before(async () => {
  stack = await startAuditedOrders();
});
after(() => stack?.stop());

test('a return that is refunded needs nobody’s attention, and a write of it that is late changes nothing', async () => {
  const { service } = stack.services.order;
  const returnId = stack.filled.received;
  const shown = async () => (await findReturn(service, returnId))!.attentionReason;
  const listed = async (filter: object) =>
    (await listReturns(service, { limit: 10, ...filter })).rows.some((row) => row.returnId === returnId);

  await recordReturnAttention(service, { returnId, reason: 'refund_refused', error: 'insufficient_funds' });
  await recordReturn(service, { returnId, status: 'REFUND_DUE', trace });
  assert.equal(await shown(), 'refund_refused');
  assert.deepEqual([await listed({ attention: true }), await listed({ status: 'REFUND_DUE' })], [true, true]);
  assert.equal(await listed({ attention: true, status: 'RECEIVED' }), false);

  await recordReturn(service, { returnId, status: 'REFUNDED', trace });
  assert.equal(await shown(), null);
  assert.deepEqual([await listed({ attention: true }), await listed({ status: 'REFUNDED' })], [false, true]);
  await recordReturnAttention(service, { returnId, reason: 'refund_refused', error: 'insufficient_funds' });
  assert.equal(await shown(), null);
});

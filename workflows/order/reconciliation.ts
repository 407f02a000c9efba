/**
 * A run of the reconciliation of reservations: what is reserved for an order that has ended, because a database was restored, is
 * settled as the order's row says. A page of orders at a time; nothing is decided here, the inventory's fences are asked.
 *
 *   list what is reserved (inventory) ▶ judge it (order) ▶ release it, or issue what has left (inventory) ▶ the next page
 */
import { continueAsNew } from '@temporalio/workflow';
import type { Leftover } from '../../domain/order/reconciliation.ts';
import { INVENTORY_TASK_QUEUE } from '../inventory/messages.ts';
import { createSteps } from '../steps.ts';
import { ORDER_TASK_QUEUE, type OrderReconciliationInput } from './messages.ts';

const PAGE = 500;
/** So many, and then the history begins anew. */
const PAGES = 20;
/** What cannot be asked within this is asked by the next run. */
const LIMIT_MS = 60_000;
const HOUR_MS = 3_600_000;

export async function orderReconciliation(input: OrderReconciliationInput): Promise<void> {
  const steps = createSteps({ dispatch: 'ordinary', installationId: input.installationId });
  let { after } = input;
  for (let page = 0; page < PAGES; page += 1) {
    const question = { after, olderThanSeconds: input.olderThanSeconds, limit: PAGE };
    const orderIds = await steps.run('listReserved', INVENTORY_TASK_QUEUE, question, LIMIT_MS);
    const leftovers = await steps.run('judgeReserved', ORDER_TASK_QUEUE, { orderIds }, LIMIT_MS);
    for (const leftover of leftovers) await settle(leftover);
    if (orderIds.length < PAGE) return;
    after = orderIds.at(-1);
  }
  await continueAsNew<typeof orderReconciliation>({ ...input, after });

  async function settle(leftover: Leftover): Promise<void> {
    const { orderId, trace, kind } = leftover;
    switch (kind) {
      case 'whole':
        await steps.run('releaseOrder', INVENTORY_TASK_QUEUE, { orderId, trace, reason: 'reconciled' }, LIMIT_MS);
        return;
      case 'released': {
        const released = { orderId, trace, n: leftover.n, reason: 'reconciled' };
        await steps.run('release', INVENTORY_TASK_QUEUE, released, LIMIT_MS);
        return;
      }
      case 'issued': {
        // The goods have left long ago, so no hold is looked at.
        const { n, carrierReference } = leftover;
        const issued = { orderId, trace, n, carrierReference, holdExpiresAtMs: Date.now() + HOUR_MS, marginSeconds: 0 };
        await steps.run('issue', INVENTORY_TASK_QUEUE, issued, LIMIT_MS);
      }
    }
  }
}

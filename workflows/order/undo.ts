/** The undoing of an order that was not confirmed: release ▶ void each hold, cancel each booking ▶ CANCELED. */
import { ApplicationFailure } from '@temporalio/workflow';
import { amountOf } from '../../domain/order/money.ts';
import type { StoredOrder } from '../../domain/order/operations.ts';
import type { CancelReason, Line, OrderTerms } from '../../domain/order/order.ts';
import { DELIVERY_TASK_QUEUE } from '../delivery/messages.ts';
import { INVENTORY_TASK_QUEUE } from '../inventory/messages.ts';
import type { Attention } from './attention.ts';
import { ORDER_TASK_QUEUE, type OrderInput } from './messages.ts';

/**
 * Undoes everything, in the order that loses nothing; returns the row, which a run before this one may have brought further. With
 * `isUnreserved`, the inventory has said already that it has nothing of the order.
 */
export async function undo(
  { terms, trace, holdSeconds }: OrderInput,
  { insist }: Attention,
  { reason, isUnreserved }: { readonly reason: CancelReason; readonly isUnreserved: boolean },
): Promise<StoredOrder> {
  const { orderId } = terms;
  const row = await insist('undoOrder', ORDER_TASK_QUEUE, { orderId, trace, reason });
  if (row.status !== 'PENDING') return row;
  const why = row.cancelReason ?? reason;
  const released = isUnreserved
    ? undefined
    : await insist('releaseOrder', INVENTORY_TASK_QUEUE, { orderId, trace, reason: why });
  const parts = released?.outcome === 'answered' ? released.consignments : [];
  if (parts.some(({ goods }) => goods === 'issued'))
    throw ApplicationFailure.nonRetryable('goods have left for an order that was not confirmed', 'Impossible');
  await Promise.all(
    parts.map(async (part) => {
      const own = { orderId, trace, n: part.n };
      // What a lost row of another body had reserved was never to be paid by these terms.
      if (areLinesOf(terms, part.lines))
        await insist('voidHold', ORDER_TASK_QUEUE, { ...own, terms, amount: amountOf(terms, part), holdSeconds });
      await insist('cancelBooking', DELIVERY_TASK_QUEUE, own);
    }),
  );
  return insist('recordOrderEnd', ORDER_TASK_QUEUE, { orderId, trace, status: 'CANCELED', cancelReason: why });
}

function areLinesOf({ lines }: OrderTerms, some: readonly Line[]): boolean {
  return some.every(({ sku }) => lines.some((line) => line.sku === sku));
}

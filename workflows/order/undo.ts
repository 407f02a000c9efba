/**
 * The undoing of an order that was not confirmed: release ▶ void each hold, cancel each booking ▶ CANCELED. If the inventory says that
 * goods have left, the order's row was restored from before its confirmation, and the order is confirmed instead.
 */
import { condition, patched } from '@temporalio/workflow';
import { amountOf } from '../../domain/order/money.ts';
import type { StoredOrder } from '../../domain/order/operations.ts';
import type { CancelReason, Consignment, Line, OrderTerms } from '../../domain/order/order.ts';
import { sameTenant } from '../../domain/tenant.ts';
import { DELIVERY_TASK_QUEUE } from '../delivery/messages.ts';
import { INVENTORY_TASK_QUEUE } from '../inventory/messages.ts';
import type { Attention } from './attention.ts';
import { ORDER_TASK_QUEUE, type OrderInput } from './messages.ts';

/** The row as it is then, which a run before this one may have brought further. */
export interface Undone {
  readonly stored: StoredOrder;
  /** Whether goods have left for it: it is confirmed. */
  readonly hasLeft: boolean;
}

/**
 * Undoes everything, in the order that loses nothing. With `isUnreserved`, the inventory has said already that it has nothing of the
 * order.
 */
export async function undo(
  input: OrderInput,
  attention: Attention,
  { reason, isUnreserved }: { readonly reason: CancelReason; readonly isUnreserved: boolean },
): Promise<Undone> {
  const { terms, trace, holdSeconds } = input;
  const { insist } = attention;
  const { orderId } = terms;
  const row = await insist('undoOrder', ORDER_TASK_QUEUE, { orderId, trace, reason });
  if (row.status !== 'PENDING') return { stored: row, hasLeft: false };
  const why = row.cancelReason ?? reason;
  const released = isUnreserved
    ? undefined
    : await insist('releaseOrder', INVENTORY_TASK_QUEUE, { orderId, trace, reason: why });
  const parts = released?.outcome === 'answered' ? released.consignments : [];
  if (parts.some(({ goods }) => goods === 'issued'))
    return { stored: await confirmWhatLeft(input, attention, parts), hasLeft: true };
  // Asked before any hold is voided: what is with the carrier has left, and the inventory was restored from before that.
  const areBookingsAsked = parts.length > 0 && patched('bookings-canceled-first');
  if (areBookingsAsked) {
    const canceled = await Promise.all(
      parts.map(({ n }) => insist('cancelBooking', DELIVERY_TASK_QUEUE, { orderId, trace, n })),
    );
    if (canceled.some(({ outcome }) => outcome === 'handed_over'))
      return { stored: await confirmWhatLeft(input, attention, parts), hasLeft: true };
  }
  await Promise.all(
    parts.map(async (part) => {
      const own = { orderId, trace, n: part.n };
      // What a lost row of another body had reserved was never to be paid by these terms.
      if (areLinesOf(terms, part.lines))
        await insist('voidHold', ORDER_TASK_QUEUE, { ...own, terms, amount: amountOf(terms, part), holdSeconds });
      if (!areBookingsAsked) await insist('cancelBooking', DELIVERY_TASK_QUEUE, own);
    }),
  );
  const end = { orderId, trace, status: 'CANCELED', cancelReason: why } as const;
  return { stored: await insist('recordOrderEnd', ORDER_TASK_QUEUE, end), hasLeft: false };
}

/**
 * Confirms the order with the holds and bookings that it had. One that was lost with a restored database is made anew. Waits with
 * attention, for ever, for goods that no hold of this order was for: somebody has to end the run who knows where they are.
 */
async function confirmWhatLeft(
  { terms, trace, holdSeconds }: OrderInput,
  { insist, show }: Attention,
  parts: readonly Consignment[],
): Promise<StoredOrder> {
  const { orderId } = terms;
  const unexplained = (error: string): Promise<never> => {
    show('goods_left_unexplained', error);
    return condition(() => false) as Promise<never>;
  };
  const consignments = await Promise.all(
    parts.map(async ({ n, lines }) => {
      if (!areLinesOf(terms, lines)) return unexplained('goods have left for another order of this id');
      const amount = amountOf(terms, { n, lines });
      const [held, booked] = await Promise.all([
        insist('authorize', ORDER_TASK_QUEUE, { orderId, trace, terms, n, amount, holdSeconds }),
        insist('book', DELIVERY_TASK_QUEUE, { orderId, trace, n, lines, ...sameTenant(terms) }),
      ]);
      const { transferId } = held;
      if (transferId === undefined) return unexplained('goods have left without a hold of this order');
      const holdExpiresAtMs = held.outcome === 'held' ? held.holdExpiresAtMs : 0;
      // A booking that was canceled, as its goods were given back, is not needed for more than its name.
      const shipmentId = booked.outcome === 'booked' ? booked.shipmentId : null;
      return { n, lines, amount, transferId, holdExpiresAtMs, shipmentId };
    }),
  );
  return insist('confirmOrder', ORDER_TASK_QUEUE, { orderId, trace, consignments, hasLeft: true });
}

function areLinesOf({ lines }: OrderTerms, some: readonly Line[]): boolean {
  return some.every(({ sku }) => lines.some((line) => line.sku === sku));
}

/** The steps of an order before it is confirmed: reserve ▶ authorize each consignment ▶ book each ▶ CONFIRMED. */
import { amountOf } from '../../domain/order/money.ts';
import type { Consignment } from '../../domain/order/order.ts';
import type { StoredOrder } from '../../domain/order/operations.ts';
import { sameTenant } from '../../domain/tenant.ts';
import { DELIVERY_TASK_QUEUE } from '../delivery/messages.ts';
import { INVENTORY_TASK_QUEUE } from '../inventory/messages.ts';
import type { Steps } from '../steps.ts';
import { ORDER_TASK_QUEUE, type OrderInput } from './messages.ts';

/**
 * The row once the confirmation was written, unless the order was being undone; or the step that was refused. A reservation that the
 * inventory has refused needs no undo.
 */
export type Confirmed =
  | { readonly outcome: 'written'; readonly stored: StoredOrder; readonly hasLeft: boolean }
  | { readonly outcome: 'refused'; readonly reason: 'out_of_stock' | 'payment_refused' | 'delivery_refused' }
  /** A run before this one has undone the order. */
  | { readonly outcome: 'undone' };

/** Each step ends at the order's deadline by its own limit. */
export async function confirm(input: OrderInput, steps: Steps): Promise<Confirmed> {
  const { terms, trace, holdSeconds } = input;
  const { orderId, allowSplit } = terms;
  const of = sameTenant(terms);
  const lines = terms.lines.map(({ sku, quantity }) => ({ sku, quantity }));
  const reserved = await steps.run(
    'reserve',
    INVENTORY_TASK_QUEUE,
    { orderId, trace, lines, allowSplit, ...of },
    untilDeadline(input),
  );
  if (reserved.outcome === 'refused') return { outcome: 'refused', reason: 'out_of_stock' };
  if (reserved.outcome === 'undone') return reserved;

  const parts = reserved.consignments;
  const held = await Promise.all(
    parts.map(async (part) => {
      const amount = amountOf(terms, part);
      const asked = { orderId, trace, terms, n: part.n, amount, holdSeconds };
      return { amount, answer: await steps.run('authorize', ORDER_TASK_QUEUE, asked, untilDeadline(input)) };
    }),
  );
  if (held.some(({ answer }) => answer.outcome === 'refused')) return { outcome: 'refused', reason: 'payment_refused' };

  const book = ({ n, lines: booked }: Consignment) =>
    steps.run('book', DELIVERY_TASK_QUEUE, { orderId, trace, n, lines: booked, ...of }, untilDeadline(input));
  const booked = await Promise.all(parts.map(book));
  if (booked.some(({ outcome }) => outcome !== 'booked')) return { outcome: 'refused', reason: 'delivery_refused' };

  const consignments = parts.flatMap((part, index) => {
    const { amount, answer } = held[index]!;
    const delivery = booked[index]!;
    if (answer.outcome !== 'held' || delivery.outcome !== 'booked') return [];
    const { transferId, holdExpiresAtMs } = answer;
    return [{ ...part, amount, transferId, holdExpiresAtMs, shipmentId: delivery.shipmentId }];
  });
  const stored = await steps.run(
    'confirmOrder',
    ORDER_TASK_QUEUE,
    { orderId, trace, consignments },
    untilDeadline(input),
  );
  return { outcome: 'written', stored, hasLeft: reserved.hasLeft ?? false };
}

/** Throws once the deadline has passed, so that no activity starts after it. */
function untilDeadline({ deadlineMs }: OrderInput): number {
  const leftMs = deadlineMs - Date.now();
  if (leftMs <= 0) throw new Error('past the deadline');
  return leftMs;
}

/**
 * The course of an order, a saga over inventory, wallets, delivery and accounting (docs/decisions/0036-orders.md).
 *
 *   reserve ▶ authorize each consignment ▶ book each ▶ CONFIRMED ▶ the course of each consignment (consignment.ts) ▶ the end
 *      └───────────────┴──────────────────────┴─ refused, too late or canceled ▶ release ▶ void each hold ▶ cancel each booking
 *
 * A call that this code has given up may still arrive, so this code never concludes by itself that a step did not happen: it asks the
 * services' fences, and adopts what they have decided. Ends Completed in Temporal's sense, whatever the order's end.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
} from '@temporalio/workflow';
import { amountOf, endOfOrder } from '../../domain/order/money.ts';
import type { Issued } from '../../domain/inventory/operations.ts';
import type { StoredOrder } from '../../domain/order/operations.ts';
import type { CancelReason } from '../../domain/order/order.ts';
import { DELIVERY_TASK_QUEUE } from '../delivery/messages.ts';
import { INVENTORY_TASK_QUEUE } from '../inventory/messages.ts';
import { showStatus } from '../progress.ts';
import { createSteps } from '../steps.ts';
import { createAttention } from './attention.ts';
import { createConsignment } from './consignment.ts';
import { ORDER_TASK_QUEUE, type OrderInput, type OrderOutcome } from './messages.ts';
import { receiveRequests } from './requests.ts';

export async function order(input: OrderInput): Promise<OrderOutcome> {
  const { terms, trace, holdSeconds } = input;
  const { orderId, lines, allowSplit } = terms;
  const steps = createSteps(input);
  const attention = createAttention(steps, (shown) =>
    steps.run('recordOrderAttention', ORDER_TASK_QUEUE, { orderId, ...shown }),
  );
  const { insist } = attention;
  const forward = new CancellationScope();
  const requests = receiveRequests(orderId, forward, steps, attention);

  let stored = input.stored;
  let reason: CancelReason = 'timed_out';
  /** Whether the inventory has refused the reservation, and so has nothing of it. */
  let isRefused = false;
  try {
    if (stored === undefined || (stored.status === 'PENDING' && !stored.compensating)) await forward.run(confirm);
  } catch (error) {
    if (isCancellation(error) && forward.consideredCancelled) reason = 'canceled';
    log.info('order given up', { order_id: orderId, reason, cause: String(error) });
  }
  return CancellationScope.nonCancellable(async () => {
    if (stored === undefined || stored.status === 'PENDING') stored = await undo();
    if (stored.status === 'CONFIRMED') stored = await fulfil(stored);
    requests.isOver = true;
    await attention.close();
    showStatus(stored.status);
    await condition(allHandlersFinished);
    return { status: stored.status, cancelReason: stored.cancelReason };
  });

  async function confirm(): Promise<void> {
    const asked = { orderId, trace, lines: lines.map(sold), allowSplit };
    const reserved = await steps.run('reserve', INVENTORY_TASK_QUEUE, asked, untilDeadline());
    isRefused = reserved.outcome === 'refused';
    if (isRefused) reason = 'out_of_stock';
    if (reserved.outcome !== 'reserved') return;
    const parts = reserved.consignments;
    const held = await Promise.all(
      parts.map(async (part) => {
        const amount = amountOf(terms, part);
        const payment = { orderId, trace, terms, n: part.n, amount, holdSeconds };
        return { part, amount, answer: await steps.run('authorize', ORDER_TASK_QUEUE, payment, untilDeadline()) };
      }),
    );
    if (held.some(({ answer }) => answer.outcome === 'refused')) {
      reason = 'payment_refused';
      return;
    }
    const booked = await Promise.all(
      parts.map((part) => steps.run('book', DELIVERY_TASK_QUEUE, { orderId, trace, ...part }, untilDeadline())),
    );
    if (booked.some(({ outcome }) => outcome !== 'booked')) {
      reason = 'delivery_refused';
      return;
    }
    const consignments = held.flatMap(({ part, amount, answer }, index) => {
      const delivery = booked[index]!;
      if (answer.outcome !== 'held' || delivery.outcome !== 'booked') return [];
      const { transferId, holdExpiresAtMs } = answer;
      return [{ ...part, amount, transferId, holdExpiresAtMs, shipmentId: delivery.shipmentId }];
    });
    stored = await steps.run('confirmOrder', ORDER_TASK_QUEUE, { orderId, trace, consignments }, untilDeadline());
    showStatus(stored.status);
  }

  /** Throws once the deadline has passed, so that no activity starts after it. */
  function untilDeadline(): number {
    const leftMs = input.deadlineMs - Date.now();
    if (leftMs <= 0) throw new Error('past the deadline');
    return leftMs;
  }

  /** Undoes everything, in the order that loses nothing; returns the row, which a run before this one may have brought further. */
  async function undo(): Promise<StoredOrder> {
    const row = await insist('undoOrder', ORDER_TASK_QUEUE, { orderId, trace, reason });
    if (row.status !== 'PENDING') return row;
    const why = row.cancelReason ?? reason;
    const released = isRefused
      ? undefined
      : await insist('releaseOrder', INVENTORY_TASK_QUEUE, { orderId, trace, reason: why });
    const parts = released?.outcome === 'answered' ? released.consignments : [];
    if (parts.some(({ goods }) => goods === 'issued'))
      throw ApplicationFailure.nonRetryable('goods have left for an order that was not confirmed', 'Impossible');
    await Promise.all(
      parts.map(async (part) => {
        const own = { orderId, trace, n: part.n };
        await insist('voidHold', ORDER_TASK_QUEUE, { ...own, terms, amount: amountOf(terms, part), holdSeconds });
        await insist('cancelBooking', DELIVERY_TASK_QUEUE, own);
      }),
    );
    return insist('recordOrderEnd', ORDER_TASK_QUEUE, { orderId, trace, status: 'CANCELED', cancelReason: why });
  }

  /** Runs the course of each consignment, and writes the order's end. */
  async function fulfil(row: StoredOrder): Promise<StoredOrder> {
    // A run that follows another one, be it that it learns so from the row, asks what was decided meanwhile.
    const isFollowing = input.stored !== undefined || row.consignments.some(({ goods }) => goods !== 'RESERVED');
    const known = isFollowing ? await insist('goodsOf', INVENTORY_TASK_QUEUE, { orderId, trace }) : [];
    const decidedOf = (n: number): Issued | undefined => known.find((each) => each.n === n)?.decided;
    const courses = row.consignments.map((each) => createConsignment(input, each, attention, decidedOf(each.n)));
    requests.courses = courses;
    // Somebody has canceled the order, or its workflow, while it was being confirmed, or does so later.
    const release = (): void => courses.forEach((course) => course.askRelease('canceled'));
    if (forward.consideredCancelled) release();
    else void forward.cancelRequested.catch(release);
    const ended = await Promise.all(courses.map((course) => course.run()));
    const status = endOfOrder(ended);
    const isCanceled = courses.some((course) => course.releaseReason() === 'canceled');
    const cancelReason: CancelReason = isCanceled ? 'canceled' : 'not_handed_over';
    return insist('recordOrderEnd', ORDER_TASK_QUEUE, {
      ...{ orderId, trace, status },
      ...(status === 'CANCELED' ? { cancelReason } : {}),
    });
  }
}

function sold({ sku, quantity }: { readonly sku: string; readonly quantity: number }) {
  return { sku, quantity };
}

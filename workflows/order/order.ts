/**
 * The course of an order, a saga over inventory, wallets, delivery and accounting (docs/decisions/0036-orders.md).
 *
 *   reserve ▶ authorize each consignment ▶ book each ▶ CONFIRMED ▶ the course of each consignment (consignment.ts) ▶ the end
 *      └───────────────┴──────────────────────┴─ refused, too late or canceled ▶ release ▶ void each hold ▶ cancel each booking
 *
 * A call that this code has given up may still arrive, so this code never concludes by itself that a step did not happen: it asks the
 * services' fences, and adopts what they have decided. Ends Completed in Temporal's sense, whatever the order's end.
 */
import { allHandlersFinished, CancellationScope, condition, isCancellation, log } from '@temporalio/workflow';
import { endOfOrder } from '../../domain/order/money.ts';
import type { Issued } from '../../domain/inventory/operations.ts';
import type { StoredOrder } from '../../domain/order/operations.ts';
import type { CancelReason } from '../../domain/order/order.ts';
import { INVENTORY_TASK_QUEUE } from '../inventory/messages.ts';
import { showStatus } from '../progress.ts';
import { createSteps } from '../steps.ts';
import { createAttention } from './attention.ts';
import { confirm } from './confirm.ts';
import { createConsignment } from './consignment.ts';
import { ORDER_TASK_QUEUE, type OrderInput, type OrderOutcome } from './messages.ts';
import { receiveRequests } from './requests.ts';
import { undo } from './undo.ts';

export async function order(input: OrderInput): Promise<OrderOutcome> {
  const { trace } = input;
  const { orderId } = input.terms;
  const steps = createSteps(input);
  const attention = createAttention(steps, (shown) =>
    steps.run('recordOrderAttention', ORDER_TASK_QUEUE, { orderId, ...shown }),
  );
  const { insist } = attention;
  const forward = new CancellationScope();
  const requests = receiveRequests(orderId, forward, steps, attention);

  let stored = input.stored;
  let reason: CancelReason = 'timed_out';
  let hasLeft = false;
  try {
    if (stored === undefined || (stored.status === 'PENDING' && !stored.compensating))
      await forward.run(async () => {
        const confirmed = await confirm(input, steps);
        if (confirmed.outcome === 'refused') ({ reason } = confirmed);
        if (confirmed.outcome !== 'written') return;
        ({ stored, hasLeft } = confirmed);
        showStatus(stored.status);
      });
  } catch (error) {
    if (isCancellation(error) && forward.consideredCancelled) reason = 'canceled';
    log.info('order given up', { order_id: orderId, reason, cause: String(error) });
  }
  return CancellationScope.nonCancellable(async () => {
    if (stored === undefined || stored.status === 'PENDING') {
      const isUnreserved = reason === 'out_of_stock';
      ({ stored, hasLeft } = await undo(input, attention, { reason, isUnreserved }));
    }
    if (stored.status === 'CONFIRMED') stored = await fulfil(stored, hasLeft);
    requests.isOver = true;
    await attention.close();
    showStatus(stored.status);
    await condition(allHandlersFinished);
    return { status: stored.status, cancelReason: stored.cancelReason };
  });

  /** Runs the course of each consignment, and writes the order's end. */
  async function fulfil(row: StoredOrder, isAdopted: boolean): Promise<StoredOrder> {
    // A run that follows another one, be it that it learns so from the row, asks what was decided meanwhile.
    const isFollowing =
      isAdopted || input.stored !== undefined || row.consignments.some(({ goods }) => goods !== 'RESERVED');
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

/**
 * The course of one consignment of a confirmed order.
 *
 *   hand-over ▶ issue (the pivot) ┬ issued ▶ capture ▶ invoice        ▶ hand-over to the delivery ▶ delivered
 *   cancel, or the hold's end  ───┴ released ▶ void the hold, cancel the booking
 *
 * The inventory decides between the two, once and for ever, in one row. The hold is voided only after it has said that the goods are
 * released: in the other order, goods could leave unpaid. Past the pivot everything goes forward, and insists.
 */
import { ApplicationFailure, condition } from '@temporalio/workflow';
import { amountOf, pricedLines, shippingOf } from '../../domain/order/money.ts';
import type { Issued } from '../../domain/inventory/operations.ts';
import type { OrderAction, StoredConsignment } from '../../domain/order/operations.ts';
import type { GoodsState } from '../../domain/order/order.ts';
import type { ShipmentState } from '../../domain/delivery/operations.ts';
import { ACCOUNTING_TASK_QUEUE } from '../accounting/messages.ts';
import { DELIVERY_TASK_QUEUE } from '../delivery/messages.ts';
import { INVENTORY_TASK_QUEUE } from '../inventory/messages.ts';
import type { Attention } from './attention.ts';
import { ORDER_TASK_QUEUE, type OrderInput } from './messages.ts';

export interface ConsignmentCourse {
  readonly n: number;
  /** What the pivot has decided; undefined until it is known. */
  readonly decided: () => Issued | undefined;
  /** Asks for the goods to leave. The first request, of whichever kind, is the one that the pivot is asked about. */
  readonly askHandOver: (carrierReference: string) => void;
  readonly askRelease: (reason: string) => void;
  /**
   * Why its goods were released: `not_handed_over` without a request, `hold_expiring` if the request came too late; undefined if they
   * were not.
   */
  readonly releaseReason: () => string | undefined;
  readonly isDue: () => boolean;
  /** For a consignment that is due. */
  readonly resolve: (action: Exclude<OrderAction, 'retry'>) => void;
  readonly moved: () => void;
  /** Runs to the consignment's end, and returns what has become of its goods. */
  readonly run: () => Promise<{ readonly goods: GoodsState }>;
}

type Asked =
  | { readonly kind: 'hand_over'; readonly carrierReference: string }
  | { readonly kind: 'release'; readonly reason: string };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** `known` is what the inventory had decided before this run began. */
export function createConsignment(
  input: OrderInput,
  stored: StoredConsignment,
  { insist, show }: Attention,
  known?: Issued,
): ConsignmentCourse {
  const { terms, trace, marginSeconds, holdSeconds } = input;
  const { orderId, sellerWalletId, buyerWalletId, currency } = terms;
  const { n, transferId } = stored;
  const amount = amountOf(terms, stored);
  const holdExpiresAtMs = stored.holdExpiresAtMs ?? 0;
  const latestMs = holdExpiresAtMs - marginSeconds * 1_000;
  const own = { orderId, n, trace };
  const books = { orderId, n, sellerWalletId, currency, trace };
  let asked: Asked | undefined;
  let decided = known;
  /** Why this run has released it. */
  let releasedFor: string | undefined;
  // Without a request, a run before this one has released it only once its hold was about to end.
  const reasonOfRunBefore = Date.now() < latestMs ? 'canceled' : 'not_handed_over';
  let isDue = false;
  let resolution: Exclude<OrderAction, 'retry'> | undefined;
  let movements = 0;

  return {
    n,
    decided: () => decided,
    askHandOver: (carrierReference) => {
      asked ??= { kind: 'hand_over', carrierReference };
    },
    askRelease: (reason) => {
      asked ??= { kind: 'release', reason };
    },
    releaseReason,
    isDue: () => isDue,
    resolve: (action) => {
      resolution = action;
    },
    moved: () => {
      movements += 1;
    },
    async run() {
      decided ??= await decide();
      if (decided.outcome === 'released') {
        await giveBack(releaseReason()!);
        return { goods: 'RELEASED' };
      }
      const { carrierReference } = decided;
      const issued = { ...own, goods: 'ISSUED' as const, carrierReference };
      await Promise.all([insist('recordConsignment', ORDER_TASK_QUEUE, issued), pay(), deliver(carrierReference)]);
      return { goods: 'DELIVERED' };
    },
  };

  function releaseReason(): string | undefined {
    if (decided?.outcome !== 'released') return undefined;
    if (decided.reason === 'hold_expiring') return decided.reason;
    return releasedFor ?? stored.releaseReason ?? reasonOfRunBefore;
  }

  async function decide(): Promise<Issued> {
    if (asked === undefined && Date.now() < latestMs) await condition(() => asked !== undefined, latestMs - Date.now());
    asked ??= { kind: 'release', reason: 'not_handed_over' };
    if (asked.kind === 'hand_over') {
      const { carrierReference } = asked;
      return insist('issue', INVENTORY_TASK_QUEUE, { ...own, holdExpiresAtMs, marginSeconds, carrierReference });
    }
    const { reason } = asked;
    const { outcome } = await insist('release', INVENTORY_TASK_QUEUE, { ...own, reason });
    if (outcome === 'issued') return handedOverBefore();
    releasedFor = reason;
    return { outcome, reason: 'released' };
  }

  /** What the inventory says of a consignment that a run before this one has handed over, as late as now. */
  async function handedOverBefore(): Promise<Issued> {
    const all = await insist('goodsOf', INVENTORY_TASK_QUEUE, { orderId, trace });
    const before = all.find((each) => each.n === n)?.decided;
    if (before?.outcome !== 'issued')
      throw ApplicationFailure.nonRetryable('goods that were issued are not issued any more', 'Impossible');
    return before;
  }

  async function giveBack(why: string): Promise<void> {
    const [canceled] = await Promise.all([
      insist('cancelBooking', DELIVERY_TASK_QUEUE, own),
      insist('voidHold', ORDER_TASK_QUEUE, { ...own, terms, amount, holdSeconds }),
      insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, goods: 'RELEASED', releaseReason: why }),
    ]);
    if (canceled.outcome === 'handed_over')
      throw ApplicationFailure.nonRetryable('a shipment was handed over, though its goods are released', 'Impossible');
    await insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, money: 'VOIDED' });
  }

  async function pay(): Promise<void> {
    if (stored.money === 'DUE') return settleDue();
    if (stored.money !== 'HELD') return;
    const captured = await insist('captureHold', ORDER_TASK_QUEUE, { orderId, trace, transferId });
    const isPaid = captured.outcome === 'captured';
    const { number } = await insist('postInvoice', ACCOUNTING_TASK_QUEUE, {
      ...books,
      buyerWalletId,
      lines: pricedLines(terms, stored),
      shippingAmount: shippingOf(terms, stored),
      ...(isPaid ? { paidBy: transferId } : {}),
    });
    const money = isPaid ? ('CAPTURED' as const) : ('DUE' as const);
    await insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, money, invoiceNumber: number });
    if (!isPaid) await settleDue();
  }

  /** The goods have left and the hold is lost: an operator collects the money again, or writes it off. */
  async function settleDue(): Promise<void> {
    isDue = true;
    let over = show('payment_due', 'the hold ended before it was captured');
    for (;;) {
      await condition(() => resolution !== undefined);
      const action = resolution;
      resolution = undefined;
      const payment = { ...own, terms, amount, holdSeconds };
      // A collection that a run before this one has begun may have arrived, or arrive late: what is written off is never collected.
      const collected =
        action === 'write_off'
          ? await insist('closeCollection', ORDER_TASK_QUEUE, payment)
          : await insist('collect', ORDER_TASK_QUEUE, payment);
      if (collected.outcome === 'closed') {
        await insist('settleDue', ACCOUNTING_TASK_QUEUE, { ...books, settlement: { how: 'written_off' } });
        await insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, money: 'WRITTEN_OFF' });
        break;
      }
      if (collected.outcome === 'collected') {
        const paidBy = { transferId: collected.transferId };
        await insist('settleDue', ACCOUNTING_TASK_QUEUE, { ...books, settlement: { how: 'collected', ...paidBy } });
        await insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, money: 'COLLECTED', ...paidBy });
        break;
      }
      over();
      over = show('payment_due', `the buyer's wallet refused the payment: ${collected.reason}`);
    }
    isDue = false;
    over();
  }

  async function deliver(carrierReference: string): Promise<void> {
    if (stored.goods === 'DELIVERED') return;
    // Counted before each look, so that what is reported while the answer is under way has it looked at again.
    let seen = movements;
    let shipment: ShipmentState | undefined = await insist('handOver', DELIVERY_TASK_QUEUE, {
      ...own,
      carrierReference,
    });
    // A signal says when to look; one that is lost is made up for by the time.
    for (let pauseMs = HOUR_MS; shipment?.status !== 'DELIVERED'; pauseMs = Math.min(2 * pauseMs, DAY_MS)) {
      await condition(() => movements > seen, pauseMs);
      seen = movements;
      shipment = await insist('shipmentOf', DELIVERY_TASK_QUEUE, own);
    }
    await insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, goods: 'DELIVERED' });
  }
}

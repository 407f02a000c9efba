/**
 * The course of one consignment of a confirmed order.
 *
 *   hand-over ▶ issue (the pivot) ┬ issued ▶ capture ▶ invoice        ▶ hand-over to the delivery ▶ delivered
 *   cancel, or the hold's end  ───┴ released ▶ void the hold, cancel the booking
 *
 * The inventory decides between the two, once and for ever, in one row. The hold is voided only after it has said that the goods are
 * released: in the other order, goods could leave unpaid. Past the pivot everything goes forward, and insists. If the inventory was
 * restored from before it decided, the order's row and the delivery know what has happened to the goods, and they are believed.
 */
import { ApplicationFailure, condition, patched } from '@temporalio/workflow';
import { amountOf } from '../../domain/order/money.ts';
import type { Issued } from '../../domain/inventory/operations.ts';
import type { OrderAction, StoredConsignment } from '../../domain/order/operations.ts';
import type { GoodsState } from '../../domain/order/order.ts';
import { sameTenant } from '../../domain/tenant.ts';
import { DELIVERY_TASK_QUEUE } from '../delivery/messages.ts';
import { INVENTORY_TASK_QUEUE } from '../inventory/messages.ts';
import type { Attention } from './attention.ts';
import { ORDER_TASK_QUEUE, type OrderInput } from './messages.ts';
import { createPayment } from './payment.ts';
import { createShipment } from './shipment.ts';

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

/** For goods of which no database knows it any more. */
const UNKNOWN_CARRIER = 'unknown';

type Asked =
  | { readonly kind: 'hand_over'; readonly carrierReference: string }
  | { readonly kind: 'release'; readonly reason: string };

/** `known` is what the inventory had decided before this run began. */
export function createConsignment(
  input: OrderInput,
  stored: StoredConsignment,
  attention: Attention,
  known?: Issued,
): ConsignmentCourse {
  const { insist } = attention;
  const { n } = stored;
  const limits = { holdExpiresAtMs: stored.holdExpiresAtMs ?? 0, marginSeconds: input.marginSeconds };
  const latestMs = limits.holdExpiresAtMs - limits.marginSeconds * 1_000;
  const own = { orderId: input.terms.orderId, n, trace: input.trace };
  let asked: Asked | undefined;
  let decided = known;
  let releasedFor: string | undefined;
  // Without a request, a run before this one has released it only once its hold was about to end.
  const reasonOfRunBefore = Date.now() < latestMs ? 'canceled' : 'not_handed_over';
  const payment = createPayment(input, stored, attention);
  const shipment = createShipment(input, stored, attention);

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
    isDue: payment.isDue,
    resolve: payment.resolve,
    moved: shipment.moved,
    async run() {
      if (decided === undefined && stored.goods !== 'RESERVED' && patched('decided-by-the-row'))
        decided = await decideAgain(input, stored, attention, reasonOfRunBefore);
      decided ??= await decide();
      if (decided.outcome === 'released') {
        if (await giveBack(input, stored, attention, releaseReason()!)) return { goods: 'RELEASED' };
        decided = { outcome: 'issued', carrierReference: stored.carrierReference ?? UNKNOWN_CARRIER };
      }
      const { carrierReference } = decided;
      const issued = { ...own, goods: 'ISSUED' as const, carrierReference };
      await Promise.all([
        insist('recordConsignment', ORDER_TASK_QUEUE, issued),
        payment.run(),
        shipment.run(carrierReference),
      ]);
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
    if (asked.kind === 'hand_over')
      return insist('issue', INVENTORY_TASK_QUEUE, { ...own, ...limits, carrierReference: asked.carrierReference });
    const { reason } = asked;
    const { outcome } = await insist('release', INVENTORY_TASK_QUEUE, { ...own, reason });
    if (outcome === 'issued') return handedOverBefore(input, stored, attention);
    releasedFor = reason;
    return { outcome, reason: 'released' };
  }
}

/** Has the inventory decide again as the row says that it had, before it was restored. */
async function decideAgain(
  { terms, trace }: OrderInput,
  { n, lines, goods, releaseReason, carrierReference: known }: StoredConsignment,
  { insist }: Attention,
  reason: string,
): Promise<Issued> {
  const own = { orderId: terms.orderId, trace, n };
  const carrierReference = known ?? UNKNOWN_CARRIER;
  const { outcome } =
    goods === 'RELEASED'
      ? await insist('release', INVENTORY_TASK_QUEUE, { ...own, reason: releaseReason ?? reason })
      : await insist('adoptIssued', INVENTORY_TASK_QUEUE, { ...own, lines, carrierReference, ...sameTenant(terms) });
  return outcome === 'issued' ? { outcome, carrierReference } : { outcome, reason: 'released' };
}

/** What the inventory says of a consignment that a run before this one has handed over, as late as now. */
async function handedOverBefore(
  { terms: { orderId }, trace }: OrderInput,
  { n }: StoredConsignment,
  { insist }: Attention,
): Promise<Issued> {
  const all = await insist('goodsOf', INVENTORY_TASK_QUEUE, { orderId, trace });
  const before = all.find((each) => each.n === n)?.decided;
  if (before?.outcome !== 'issued')
    throw ApplicationFailure.nonRetryable('goods that were issued are not issued any more', 'Impossible');
  return before;
}

/**
 * Undoes a consignment whose goods are released. Returns false, having left the hold as it is, if the row or the carrier knows better:
 * then they have left, and the inventory was restored from before that. A row that has them as released is believed as well.
 */
async function giveBack(
  input: OrderInput,
  stored: StoredConsignment,
  { insist }: Attention,
  why: string,
): Promise<boolean> {
  const { terms, trace, holdSeconds } = input;
  const own = { orderId: terms.orderId, n: stored.n, trace };
  const amount = amountOf(terms, stored);
  if ((stored.goods === 'ISSUED' || stored.goods === 'DELIVERED') && patched('left-by-the-row')) return false;
  const isReleased = stored.goods === 'RELEASED';
  const isCanceledFirst = patched('booking-canceled-first');
  const canceling = insist('cancelBooking', DELIVERY_TASK_QUEUE, own);
  if (isCanceledFirst && (await canceling).outcome === 'handed_over' && !isReleased) return false;
  const [canceled] = await Promise.all([
    canceling,
    insist('voidHold', ORDER_TASK_QUEUE, { ...own, terms, amount, holdSeconds }),
    insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, goods: 'RELEASED', releaseReason: why }),
  ]);
  if (canceled.outcome === 'handed_over' && !isReleased)
    throw ApplicationFailure.nonRetryable('a shipment was handed over, though its goods are released', 'Impossible');
  await insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, money: 'VOIDED' });
  return true;
}

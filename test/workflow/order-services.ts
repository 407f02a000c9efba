/**
 * The order's services for workflow tests: the fences' rules of inventory, delivery, accounting, payments and the order's rows over
 * maps, with faults on request. Whatever breaks the saga's rules is noted in `violations` when it happens.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { AccountingOperations } from '../../domain/accounting/operations.ts';
import type { ShipmentStatus } from '../../domain/delivery/operations.ts';
import type { ReturnId, TransferId } from '../../domain/ids.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import type {
  LoggedResolution,
  OrderPayments,
  OrderRecords,
  ReturnOperations,
  StoredConsignment,
  StoredOrder,
} from '../../domain/order/operations.ts';
import { hasOrderEnded, mayEndAs, type OrderTerms, type ReturnStatus } from '../../domain/order/order.ts';
import type { OrderActivities, OrderActivity, OrderFaults } from './order-faults.ts';
import { createOrderDelivery } from './order-delivery.ts';
import { createOrderInventory } from './order-inventory.ts';

interface Hold {
  status: 'HELD' | 'COMPLETED' | 'FAILED' | 'CANCELED';
  readonly amount: bigint;
  readonly expiresAtMs: number;
  isReversed: boolean;
}

interface Invoice {
  readonly number: number;
  readonly amount: string;
  readonly paidBy: TransferId | undefined;
  settled?: 'collected' | 'written_off';
}

const GOODS_RANKS = { RESERVED: 0, ISSUED: 1, RELEASED: 1, DELIVERED: 2 };
const MONEY_RANKS = { HELD: 0, CAPTURED: 1, VOIDED: 1, DUE: 1, COLLECTED: 2, WRITTEN_OFF: 2 };

export type OrderServices = ReturnType<typeof createOrderServices>;

/** The services of one order. `nowMs` is their clock. */
export function createOrderServices(
  terms: OrderTerms,
  returnId: ReturnId,
  nowMs: () => Promise<number>,
  faults: OrderFaults,
) {
  const { onHand = 100, refuse = {}, unpaid = {}, arrival = 'seen', clockAheadMs = 0 } = faults;
  const { orderId } = terms;
  const violations: string[] = [];
  const attempts: OrderActivity[] = [];
  const check = (isRight: boolean, what: string): void => void (isRight || violations.push(what));

  const { stock, goods, consignmentsOf, isIssued, inventory, restore } = createOrderInventory(terms, {
    ...{ onHand, clockAheadMs, check, nowMs },
    statusOf: () => row.status,
  });

  const holds = new Map<number, Hold>();
  const collections = new Map<number, ('COMPLETED' | 'FAILED' | 'CANCELED')[]>();
  const refunds: ('COMPLETED' | 'FAILED' | 'CANCELED')[] = [];
  /** What the buyer has paid and has not back: in units, of holds too. */
  let paid = 0n;
  const holdId = (n: number) => `hold-${n}` as TransferId;
  const collectionId = (n: number) => `collection-${n}-${collections.get(n)!.length}` as TransferId;
  const giveBack = (hold: Hold, status: 'FAILED' | 'CANCELED'): void => {
    hold.status = status;
    paid -= hold.amount;
  };
  const collectionsOf = (n: number): ('COMPLETED' | 'FAILED' | 'CANCELED')[] =>
    collections.get(n) ?? collections.set(n, []).get(n)!;

  const payments: OrderPayments & Pick<ReturnOperations, 'refundReturn'> = {
    authorize: async ({ n, amount, holdSeconds }) => {
      const isRefused = refuse.payment === n;
      if (!holds.has(n)) {
        if (!isRefused) paid += parseUnits(amount);
        holds.set(n, {
          status: isRefused ? 'FAILED' : 'HELD',
          amount: parseUnits(amount),
          expiresAtMs: (await nowMs()) + holdSeconds * 1_000,
          isReversed: false,
        });
      }
      const hold = holds.get(n)!;
      if (hold.status === 'FAILED') return { outcome: 'refused', reason: 'insufficient_funds' };
      if (hold.status === 'CANCELED') return { outcome: 'refused', reason: 'canceled' };
      return { outcome: 'held', transferId: holdId(n), holdExpiresAtMs: hold.expiresAtMs };
    },
    captureHold: async ({ transferId }) => {
      const [n, hold] = [...holds].find(([each]) => holdId(each) === transferId)!;
      check(isIssued(n), `the hold ${n} is captured, and its goods are not issued`);
      if (hold.status === 'HELD' && (await nowMs()) >= hold.expiresAtMs) giveBack(hold, 'FAILED');
      if (hold.status === 'HELD') hold.status = 'COMPLETED';
      return { outcome: hold.status === 'COMPLETED' ? 'captured' : 'lost' };
    },
    voidHold: async ({ n, amount }) => {
      check(goods.get(n)?.outcome === 'released', `the hold ${n} is voided, and its goods are not released`);
      const hold = holds.get(n);
      if (hold === undefined)
        holds.set(n, { status: 'CANCELED', amount: parseUnits(amount), expiresAtMs: 0, isReversed: false });
      else if (hold.status === 'HELD') giveBack(hold, 'CANCELED');
      else if (hold.status === 'COMPLETED' && !hold.isReversed) {
        hold.isReversed = true;
        paid -= hold.amount;
      }
    },
    collect: async ({ n, amount }) => {
      check(isIssued(n) && holds.get(n)?.status !== 'HELD', `${n} is collected, and nothing is due`);
      const ends = collectionsOf(n);
      if (ends.at(-1) === undefined || ends.at(-1) === 'FAILED') {
        ends.push(unpaid.collection === undefined ? 'COMPLETED' : 'FAILED');
        if (ends.at(-1) === 'COMPLETED') paid += parseUnits(amount);
      }
      if (ends.at(-1) === 'COMPLETED') return { outcome: 'collected', transferId: collectionId(n) };
      return { outcome: 'refused', reason: unpaid.collection ?? 'canceled' };
    },
    closeCollection: async ({ n }) => {
      const ends = collectionsOf(n);
      if (ends.at(-1) === 'COMPLETED') return { outcome: 'collected', transferId: collectionId(n) };
      if (ends.at(-1) !== 'CANCELED') ends.push('CANCELED');
      return { outcome: 'closed' };
    },
    refundReturn: async ({ amount }) => {
      if (refunds.at(-1) !== 'COMPLETED') {
        refunds.push(unpaid.refund === undefined ? 'COMPLETED' : 'FAILED');
        if (refunds.at(-1) === 'COMPLETED') paid -= parseUnits(amount);
      }
      if (refunds.at(-1) === 'COMPLETED')
        return { outcome: 'refunded', transferId: `refund-${refunds.length}` as TransferId };
      return { outcome: 'refused', reason: unpaid.refund! };
    },
  };

  const { shipments, delivery, restoreShipment } = createOrderDelivery({ goods, refuse, arrival, check });

  const invoices = new Map<number, Invoice>();
  const creditNotes = new Map<ReturnId, string>();
  const refundsPosted = new Set<TransferId>();
  const totalOf = (lines: readonly { readonly quantity: number; readonly unitPrice: string }[], more = '0'): string =>
    formatUnits(
      lines.reduce((sum, line) => sum + BigInt(line.quantity) * parseUnits(line.unitPrice), parseUnits(more)),
    );
  const accounting: AccountingOperations = {
    postInvoice: async ({ n, lines, shippingAmount, paidBy }) => {
      check(isIssued(n), `${n} is invoiced, and its goods are not issued`);
      if (!invoices.has(n))
        invoices.set(n, { number: invoices.size + 1, amount: totalOf(lines, shippingAmount), paidBy });
      return invoices.get(n)!;
    },
    settleDue: async ({ n, settlement: { how } }) => {
      const invoice = invoices.get(n)!;
      check(invoice.paidBy === undefined, `${n} was paid before`);
      check((invoice.settled ?? how) === how, `${n} was ${invoice.settled} before it was ${how}`);
      invoice.settled ??= how;
    },
    postCreditNote: async (input) => {
      if (!creditNotes.has(input.returnId)) creditNotes.set(input.returnId, totalOf(input.lines));
      return { number: 1, amount: creditNotes.get(input.returnId)! };
    },
    postRefund: async ({ transferId }) => void refundsPosted.add(transferId),
  };

  let row: StoredOrder = { status: 'PENDING', cancelReason: null, compensating: false, consignments: [] };
  const steps: string[] = [];
  const resolutions: LoggedResolution[] = [];
  const attention = { shown: null as { reason: string; error?: string } | null, cases: [] as string[] };
  const returned = { status: 'RECEIVED' as ReturnStatus, shown: null as { reason: string } | null };
  const hasEnded = (): boolean => hasOrderEnded(row);
  const records: OrderRecords & Omit<ReturnOperations, 'refundReturn'> = {
    confirmOrder: async ({ consignments, hasLeft = false }) => {
      if (row.status !== 'PENDING' || (row.compensating && !hasLeft)) return row;
      steps.push('CONFIRMED');
      return (row = {
        ...{ status: 'CONFIRMED', cancelReason: null, compensating: false },
        consignments: consignments.map(({ n, lines, amount, transferId, holdExpiresAtMs }) => ({
          ...{ n, lines, amount, transferId, holdExpiresAtMs, releaseReason: null },
          ...{ goods: 'RESERVED', money: 'HELD' },
        })),
      });
    },
    undoOrder: async ({ reason }) => {
      if (row.status === 'PENDING' && !row.compensating) row = { ...row, compensating: true, cancelReason: reason };
      return row;
    },
    recordConsignment: async (step) => {
      check(step.carrierReference !== '', 'a carrier reference is lost');
      if (!row.consignments.some(({ n }) => n === step.n))
        throw ApplicationFailure.nonRetryable('the row was restored', 'MovementMissing');
      const consignments = row.consignments.map((part): StoredConsignment => {
        if (part.n !== step.n) return part;
        const isNewGoods = step.goods !== undefined && GOODS_RANKS[step.goods] > GOODS_RANKS[part.goods];
        const isNewMoney = step.money !== undefined && MONEY_RANKS[step.money] > MONEY_RANKS[part.money];
        if (isNewGoods) steps.push(`${step.n} ${step.goods}`);
        if (isNewMoney) steps.push(`${step.n} ${step.money}`);
        const { transferId = part.transferId, releaseReason = part.releaseReason } = step;
        const { carrierReference = part.carrierReference } = step;
        return {
          ...part,
          ...(isNewGoods ? { goods: step.goods } : {}),
          ...(isNewMoney ? { money: step.money } : {}),
          ...{ transferId, releaseReason, ...(carrierReference === undefined ? {} : { carrierReference }) },
        };
      });
      row = { ...row, consignments };
    },
    recordOrderEnd: async ({ status, cancelReason = null }) => {
      if (hasEnded()) return row;
      const { consignments } = row;
      if (!consignments.every(({ goods: left, money }) => mayEndAs(left, money)))
        throw ApplicationFailure.nonRetryable('the row was restored', 'MovementMissing');
      steps.push(status);
      attention.shown = null;
      attention.cases = [];
      return (row = { ...row, status, cancelReason });
    },
    recordOrderAttention: async ({ reason, error }) => {
      if (reason === null) {
        attention.shown = null;
        attention.cases = [];
        return;
      }
      if (hasEnded()) return;
      if (attention.shown === null) attention.cases.push(reason);
      attention.shown = { reason, ...(error === undefined ? {} : { error }) };
      steps.push(`attention ${reason}`);
    },
    recordOrderAction: async (action) => void resolutions.push(action),
    recordReturn: async ({ status }) => {
      if (status === undefined || returned.status === 'REFUNDED') return;
      returned.status = status;
      if (status === 'REFUNDED') returned.shown = null;
    },
    recordReturnAttention: async ({ reason }) => {
      if (returned.status !== 'REFUNDED') returned.shown = reason === null ? null : { reason };
    },
  };

  const effects: OrderActivities = { ...inventory, ...payments, ...delivery, ...accounting, ...records };
  const withFaults = (name: OrderActivity) => async (input: never) => {
    attempts.push(name);
    const nth = attempts.filter((other) => other === name).length;
    await faults.before?.(name, nth);
    const answer = await (effects[name] as (input: never) => Promise<unknown>)(input);
    await faults.after?.(name, nth);
    return answer;
  };
  return {
    ...{ orderId, returnId, terms, violations, attempts, stock, goods, holds, collections, refunds, shipments },
    ...{ invoices, creditNotes, refundsPosted, steps, resolutions, attention, returned, onHand, consignmentsOf },
    activities: Object.fromEntries(
      Object.keys(effects).map((name) => [name, withFaults(name as OrderActivity)]),
    ) as unknown as OrderActivities,
    row: () => row,
    paid: () => formatUnits(paid),
    /** The hold ends before its time, as if somebody had canceled it. */
    restoreInventory: restore,
    /** The order's database is restored from before its confirmation, or from before what `row` says. */
    restoreRow: (before?: StoredOrder) =>
      void (row = before ?? { status: 'PENDING', cancelReason: null, compensating: false, consignments: [] }),
    restoreShipment,
    loseHold: (n: number) => giveBack(holds.get(n)!, 'CANCELED'),
    report: (n: number, status: ShipmentStatus) => void shipments.set(n, status),
    /** For a run that follows another one, as temporal/order/start-order.ts makes it. */
    stored: (): StoredOrder | undefined => (row.status === 'PENDING' && !row.compensating ? undefined : row),
  };
}

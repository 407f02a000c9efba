/** O2, O4 and O8 of a consignment: its row, and what the inventory, the transfers, the accounting and the delivery say of it. */
import { transferId } from '../../domain/derived-id.ts';
import { parseUnits } from '../../domain/money.ts';
import { amountOf, holdKey } from '../../domain/order/money.ts';
import { hasOrderEnded, mayEndAs, type GoodsState, type MoneyState } from '../../domain/order/order.ts';
import type { Invariant } from '../findings.ts';
import type { ConsignmentRow, Invoice, OrderRow, StepFence } from './order-rows.ts';
import type { TransferSeen } from './known-orders.ts';

/** What the other services show of a consignment. */
export interface Done {
  readonly pivot: StepFence['outcome'] | undefined;
  /** The transfer that its row names. */
  readonly transfer: TransferSeen | undefined;
  readonly invoice: Invoice | undefined;
  readonly shipment: { readonly tenant: string; readonly status: string } | undefined;
}

type Problem = readonly [invariant: Invariant, sentence: string];
type Condition = readonly [isSo: boolean, sentence: string];

export function consignmentProblems(order: OrderRow, row: ConsignmentRow, done: Done): Problem[] {
  return [
    ...told('O2', stateConditions(order, row, done)),
    ...told('O4', invoiceConditions(order, row, done)),
    ...told('O8', shipmentConditions(order, row, done)),
  ];
}

function told(invariant: Invariant, conditions: readonly Condition[]): Problem[] {
  return conditions.flatMap(([isSo, sentence]) => (isSo ? [[invariant, sentence] as const] : []));
}

function stateConditions(order: OrderRow, row: ConsignmentRow, { pivot, transfer }: Done): Condition[] {
  const { goods, money } = row;
  const isPair = hasOrderEnded(order) ? mayEndAs(goods, money) : mayBeUnderWay(goods, money);
  const terms = termsOf(order);
  const lines = order.lines.filter(({ line }) => row.lines.includes(line));
  const price = amountOf(terms, { n: row.n, lines });
  const isHold = row.transferId === transferId(holdKey(order.id, row.n), order.tenant);
  return [
    [!isPair, `${hasOrderEnded(order) ? 'has ended' : 'is'} ${goods} and ${money}`],
    [isUnlike(goods, pivot), `is ${goods}, but the inventory says ${pivot ?? 'nothing of it'}`],
    [price !== row.amount, `says ${row.amount}, but its lines come to ${price}`],
    [isHold === (money === 'COLLECTED'), `is ${money} by the transfer ${row.transferId}`],
    [transfer === undefined && money !== 'VOIDED', `is ${money}, but there is no transfer ${row.transferId}`],
    [isOfAnother(order, transfer), `is ${money} by a transfer of another tenant`],
  ];
}

/** Goods and money are noted by themselves, so one of them may be ahead; but no money was taken for what is given back. */
function mayBeUnderWay(goods: GoodsState, money: MoneyState): boolean {
  return goods === 'RELEASED' ? money === 'HELD' || money === 'VOIDED' : money !== 'VOIDED';
}

/** The row may be behind the fence, never ahead of it. */
function isUnlike(goods: GoodsState, pivot: Done['pivot']): boolean {
  if (goods === 'RESERVED') return false;
  return pivot !== (goods === 'RELEASED' ? 'undone' : 'done');
}

/** The states of an invoice that may follow what the row notes of the money. */
const INVOICED: Readonly<Record<MoneyState, readonly string[]>> = {
  HELD: [],
  VOIDED: [],
  CAPTURED: ['PAID'],
  DUE: ['DUE', 'COLLECTED', 'WRITTEN_OFF'],
  COLLECTED: ['COLLECTED'],
  WRITTEN_OFF: ['WRITTEN_OFF'],
};

function invoiceConditions(order: OrderRow, row: ConsignmentRow, { transfer, invoice }: Done): Condition[] {
  const { money, amount } = row;
  const allowed = INVOICED[money];
  // What was noted of the money comes after the invoice; before that, the invoice may be there or not.
  if (allowed.length === 0) return [];
  const isPaid = money === 'CAPTURED' || money === 'COLLECTED';
  const hasMoved = transfer?.status === 'COMPLETED';
  const isPaidBy = hasMoved && parseUnits(transfer.amount) === parseUnits(amount);
  const conditions: Condition[] = [
    [isPaid && !isPaidBy, `is ${money}, but its transfer is ${transfer?.status} with ${transfer?.amount}`],
    [!isPaid && hasMoved, `is ${money}, but its hold was captured`],
  ];
  if (invoice === undefined) return [...conditions, [true, `is ${money}, and has no invoice`]];
  const said = [invoice.tenant, invoice.amount, invoice.currency, invoice.seller, invoice.buyer, invoice.number].join();
  const due = [order.tenant, amount, order.currency, order.seller, order.buyer, row.invoiceNumber].join();
  return [
    ...conditions,
    [!allowed.includes(invoice.status), `is ${money}, but its invoice is ${invoice.status}`],
    [said !== due, `should have an invoice of ${due}, but has one of ${said}`],
    [isPaid && invoice.transfer_id !== row.transferId, 'is paid by another transfer than its invoice says'],
  ];
}

function shipmentConditions(order: OrderRow, { goods, money }: ConsignmentRow, { shipment }: Done): Condition[] {
  const status = shipment?.status ?? 'not booked';
  const isGivenBack = goods === 'RELEASED' && money === 'VOIDED';
  return [
    [goods === 'DELIVERED' && status !== 'DELIVERED', `is DELIVERED, but its shipment is ${status}`],
    [isGivenBack && status !== 'CANCELED', `is RELEASED, but its shipment is ${status}`],
    [isOfAnother(order, shipment), 'has a shipment of another tenant'],
  ];
}

/** Whether something is there, and is not of the order's tenant. */
function isOfAnother({ tenant }: OrderRow, thing: { readonly tenant: string } | undefined): boolean {
  return thing !== undefined && thing.tenant !== tenant;
}

function termsOf({ id, buyer, seller, currency, lines, shipping_amount, allow_split }: OrderRow) {
  return {
    ...{ orderId: id, buyerWalletId: buyer, sellerWalletId: seller, currency, lines },
    ...{ shippingAmount: shipping_amount, allowSplit: allow_split },
  };
}

// Whole orders without Temporal: accepted as by the API, then carried on by the activities in the order of their workflows. The money
// moves by the operations of the wallets and the transfers, in place of the HTTP API.

import assert from 'node:assert/strict';
import { createAccountingActivities } from '../../activities/accounting/accounting.ts';
import { createDeliveryActivities } from '../../activities/delivery/delivery.ts';
import { createInventoryActivities } from '../../activities/inventory/inventory.ts';
import { createOrderActivities } from '../../activities/order/order.ts';
import { acceptOrder } from '../../db/order/acceptance.ts';
import { findOrder, type Order } from '../../db/order/queries.ts';
import { acceptReturn, receiveReturn } from '../../db/order/returns.ts';
import { recordCarrierEvent } from '../../db/delivery/queries.ts';
import { consignmentId, orderId, returnId, shipmentId } from '../../domain/derived-id.ts';
import type { CarrierStatus } from '../../domain/delivery/operations.ts';
import type { OrderId, ReturnId, WalletId } from '../../domain/ids.ts';
import type { OrderService } from '../../domain/order-services.ts';
import { amountOf, endOfOrder, pricedLines, shippingOf } from '../../domain/order/money.ts';
import { orderBodyHash, returnBodyHash } from '../../domain/order/order-body.ts';
import type { CancelReason, Consignment, Line, OrderTerms } from '../../domain/order/order.ts';
import { DEFAULT_TENANT, ofTenant, sameTenant } from '../../domain/tenant.ts';
import type { TestDatabase, TestStores } from './database.ts';
import { orderPaymentsOver } from './order-payments.ts';
import { fresh, trace, USD } from './wallets.ts';

const HOLD_SECONDS = 86_400;
const HOUR_MS = 3_600_000;

export interface Placed {
  readonly terms: OrderTerms;
  readonly orderId: OrderId;
}

export type Orders = ReturnType<typeof ordersOver>;

export function ordersOver(stores: TestStores, services: Readonly<Record<OrderService, TestDatabase>>) {
  const payments = orderPaymentsOver(stores);
  const database = services.order.service;
  const own = createOrderActivities(database, payments);
  const inventory = createInventoryActivities(services.inventory.service);
  const delivery = createDeliveryActivities(services.delivery.service);
  const accounting = createAccountingActivities(services.accounting.service);
  const payment = ({ terms, orderId: id }: Placed, part: Consignment) => ({
    ...{ orderId: id, n: part.n, trace, terms, amount: amountOf(terms, part), holdSeconds: HOLD_SECONDS },
  });
  const booksOf = ({ terms, orderId: id }: Placed, n: number) => ({
    ...{ orderId: id, n, sellerWalletId: terms.sellerWalletId, currency: terms.currency, trace },
    ...sameTenant(terms),
  });
  const found = async (id: OrderId): Promise<Order> => (await findOrder(database, id))!;
  const stored = async ({ orderId: id }: Placed, n: number) =>
    (await own.undoOrder({ orderId: id, reason: 'canceled', trace })).consignments.find((each) => each.n === n)!;

  const orders = {
    payments,
    found,

    async place(
      { buyer, seller }: { readonly buyer: WalletId; readonly seller: WalletId },
      lines: readonly Line[],
      {
        allowSplit = false,
        shippingAmount = '4.0000',
        expectedTotal = undefined as string | undefined,
        tenant = DEFAULT_TENANT,
        idempotencyKey = fresh('order'),
      } = {},
    ): Promise<Placed> {
      const id = orderId(idempotencyKey, tenant);
      const body = {
        ...{ buyerWalletId: buyer, sellerWalletId: seller, currency: USD, lines, shippingAmount, allowSplit },
        ...{ expectedTotal, reference: 'a test', metadata: { note: 'test' } },
      };
      const asked = { ...body, tenant, orderId: id, idempotencyKey, bodyHash: orderBodyHash(body) };
      const order = await acceptOrder(database, { ...asked, deadlineSeconds: 600, holdSeconds: HOLD_SECONDS }, trace);
      assert.ok(order !== undefined && 'status' in order, JSON.stringify(order));
      const priced = order.lines.map(({ sku, quantity, unitPrice }) => ({ sku, quantity, unitPrice }));
      return {
        orderId: id,
        terms: {
          ...{ orderId: id, buyerWalletId: buyer, sellerWalletId: seller, currency: USD, lines: priced },
          ...{ shippingAmount, allowSplit, ...ofTenant(tenant) },
        },
      };
    },

    /** As the workflow does until the order is CONFIRMED, or undone. */
    async confirm(placed: Placed): Promise<void> {
      const { orderId: id, terms } = placed;
      const lines = terms.lines.map(({ sku, quantity }) => ({ sku, quantity }));
      const reserved = await inventory.reserve({
        ...{ orderId: id, lines, allowSplit: terms.allowSplit, trace },
        ...sameTenant(terms),
      });
      if (reserved.outcome !== 'reserved') return orders.undo(placed, 'out_of_stock', true);
      const parts = [];
      for (const part of reserved.consignments) {
        const held = await own.authorize(payment(placed, part));
        if (held.outcome !== 'held') return orders.undo(placed, 'payment_refused');
        const booked = await delivery.book({ orderId: id, n: part.n, lines: part.lines, trace, ...sameTenant(terms) });
        if (booked.outcome !== 'booked') return orders.undo(placed, 'delivery_refused');
        const { transferId, holdExpiresAtMs } = held;
        parts.push({
          ...{ ...part, amount: amountOf(terms, part), transferId, holdExpiresAtMs, shipmentId: booked.shipmentId },
        });
      }
      await own.confirmOrder({ orderId: id, consignments: parts, trace });
    },

    async undo(placed: Placed, reason: CancelReason, isRefused = false): Promise<void> {
      const { orderId: id } = placed;
      await own.undoOrder({ orderId: id, reason, trace });
      const released = isRefused ? undefined : await inventory.releaseOrder({ orderId: id, reason, trace });
      for (const part of released?.outcome === 'answered' ? released.consignments : []) {
        await own.voidHold(payment(placed, part));
        await delivery.cancelBooking({ orderId: id, n: part.n, trace });
      }
      await own.recordOrderEnd({ orderId: id, status: 'CANCELED', cancelReason: reason, trace });
    },

    async issue({ orderId: id }: Placed, n = 1): Promise<void> {
      const issued = { holdExpiresAtMs: Date.now() + HOUR_MS, marginSeconds: 60, carrierReference: `van ${n}` };
      await inventory.issue({ orderId: id, n, trace, ...issued });
      await own.recordConsignment({ orderId: id, n, goods: 'ISSUED', carrierReference: `van ${n}`, trace });
      await delivery.handOver({ orderId: id, n, trace, carrierReference: `van ${n}` });
    },

    /** Captures the hold and writes the invoice; or the invoice is due, if the hold was lost. */
    async pay(placed: Placed, n = 1): Promise<void> {
      const part = await stored(placed, n);
      const { transferId } = part;
      const captured = await own.captureHold({
        ...{ orderId: placed.orderId, transferId, trace },
        ...sameTenant(placed.terms),
      });
      const isPaid = captured.outcome === 'captured';
      const { number } = await accounting.postInvoice({
        ...booksOf(placed, n),
        buyerWalletId: placed.terms.buyerWalletId,
        lines: pricedLines(placed.terms, part),
        shippingAmount: shippingOf(placed.terms, part),
        ...(isPaid ? { paidBy: transferId } : {}),
      });
      const money = isPaid ? 'CAPTURED' : 'DUE';
      await own.recordConsignment({ orderId: placed.orderId, n, money, invoiceNumber: number, trace });
    },

    /** Loses the hold, so that the money is due. */
    async loseHold(placed: Placed, n = 1): Promise<void> {
      await own.voidHold(payment(placed, await stored(placed, n)));
    },

    async settle(placed: Placed, how: 'collected' | 'written_off', n = 1): Promise<void> {
      const { orderId: id } = placed;
      if (how === 'written_off') {
        await own.closeCollection(payment(placed, await stored(placed, n)));
        await accounting.settleDue({ ...booksOf(placed, n), settlement: { how } });
        return own.recordConsignment({ orderId: id, n, money: 'WRITTEN_OFF', trace });
      }
      const collected = await own.collect(payment(placed, await stored(placed, n)));
      assert.ok(collected.outcome === 'collected');
      const { transferId } = collected;
      await accounting.settleDue({ ...booksOf(placed, n), settlement: { how, transferId } });
      await own.recordConsignment({ orderId: id, n, money: 'COLLECTED', transferId, trace });
    },

    /** Collects what was collected already, under another key. */
    async collectAgain(placed: Placed): Promise<void> {
      await payments.collectAs(payment(placed, await stored(placed, 1)), 2);
    },

    /** What the carrier reports, in this order. */
    async report({ orderId: id, terms }: Placed, statuses: readonly CarrierStatus[], n = 1): Promise<void> {
      const shipment = shipmentId(consignmentId(id, n));
      for (const status of statuses) {
        const report = { eventId: fresh('report'), shipmentId: shipment, status, at: new Date(), ...sameTenant(terms) };
        await recordCarrierEvent(services.delivery.service, report, trace);
        await recordCarrierEvent(services.delivery.service, report, trace);
      }
    },

    async delivered({ orderId: id }: Placed, n = 1): Promise<void> {
      await own.recordConsignment({ orderId: id, n, goods: 'DELIVERED', trace });
    },

    async giveBack(placed: Placed, n = 1): Promise<void> {
      const { orderId: id } = placed;
      await inventory.release({ orderId: id, n, reason: 'canceled', trace });
      await delivery.cancelBooking({ orderId: id, n, trace });
      await own.voidHold(payment(placed, await stored(placed, n)));
      await own.recordConsignment({ orderId: id, n, goods: 'RELEASED', releaseReason: 'canceled', trace });
      await own.recordConsignment({ orderId: id, n, money: 'VOIDED', trace });
    },

    async end({ orderId: id }: Placed): Promise<void> {
      const status = endOfOrder((await found(id)).consignments);
      await own.recordOrderEnd({ orderId: id, status, trace });
    },

    /** The whole course of a consignment that is delivered and paid. */
    async fulfil(placed: Placed, n = 1): Promise<void> {
      await orders.issue(placed, n);
      await orders.pay(placed, n);
      await orders.report(placed, ['OUT_FOR_DELIVERY', 'IN_TRANSIT', 'DELIVERED'], n);
      await orders.delivered(placed, n);
    },

    async announceReturn({ orderId: id }: Placed, lines: readonly Line[]): Promise<ReturnId> {
      const idempotencyKey = fresh('return');
      const asked = { returnId: returnId(id, idempotencyKey), orderId: id, lines, idempotencyKey };
      const row = await acceptReturn(database, { ...asked, bodyHash: returnBodyHash(lines) }, trace);
      assert.ok(row !== undefined && 'status' in row, JSON.stringify(row));
      return row.returnId;
    },

    async receive(id: ReturnId): Promise<void> {
      await receiveReturn(database, id, new Set(), 3, trace);
    },

    async refund(placed: Placed, id: ReturnId, lines: readonly Line[]): Promise<void> {
      const { orderId: order, terms } = placed;
      const back = lines.map((line) => ({ ...line, disposition: 'restock' as const }));
      await inventory.takeBack({ orderId: order, returnId: id, lines: back, trace, ...sameTenant(terms) });
      const sold = pricedLines(terms, { n: 1, lines });
      const books = { ...booksOf(placed, 1), returnId: id };
      const { number, amount } = await accounting.postCreditNote({ ...books, lines: sold });
      await own.recordReturn({ returnId: id, creditNoteNumber: number, trace });
      const { transferId: paidBy } = await stored(placed, 1);
      const refunded = await own.refundReturn({
        ...{ returnId: id, transferId: paidBy, amount, trace },
        ...sameTenant(terms),
      });
      assert.ok(refunded.outcome === 'refunded');
      const { transferId } = refunded;
      await accounting.postRefund({ ...books, transferId });
      await own.recordReturn({ returnId: id, status: 'REFUNDED', refundTransferId: transferId, trace });
    },
  };
  return orders;
}

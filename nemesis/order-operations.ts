/** The requests of clients about orders: place one, cancel it, hand a consignment over, report on it, return goods. */
import { CounterpoiseError, type BodyOf, type CallOptions, type Client, type Order } from '../client/client.ts';
import { orderId, returnId, reversalId, transferId } from '../domain/derived-id.ts';
import type { OrderId } from '../domain/ids.ts';
import { formatUnits, parseUnits } from '../domain/money.ts';
import { collectionKey, holdKey, refundKey } from '../domain/order/money.ts';
import { sameTenant, tenantOf, type OfTenant } from '../domain/tenant.ts';
import type { Action } from './actions.ts';
import type { Answered } from './book.ts';
import type { Operation } from './operation.ts';
import type { OrderBook, SeenOrder } from './order-book.ts';
import { partsOf, unitsOf, type Line } from './order-terms.ts';
import type { Shop } from './shop.ts';

export interface OrderTerms {
  readonly buyer: string;
  readonly seller: string;
  readonly lines: readonly Line[];
  /** With four decimals. */
  readonly shipping: string;
  readonly allowSplit: boolean;
}

const CURRENCY = 'USD';
/** In the order in which a parcel passes them. */
export const CARRIER_STATUSES = ['IN_TRANSIT', 'OUT_FOR_DELIVERY', 'DELIVERED'] as const;
/** More than money is ever collected anew, or paid back anew, within a run. */
const ATTEMPTS_MAX = 10;

function attempts<Made>(make: (attempt: number) => Made): Made[] {
  return Array.from({ length: ATTEMPTS_MAX }, (_, n) => make(n + 1));
}

function orderAnswered(order: Order): SeenOrder {
  return {
    id: order.order_id,
    status: order.status,
    cancelReason: order.cancel_reason,
    buyer: order.buyer_wallet_id,
    seller: order.seller_wallet_id,
    total: order.total_amount,
    consignments: order.consignments.map(({ n, goods, money, amount, lines, ...each }) => ({
      ...{ n, goods, money, amount, lines },
      transferId: each.transfer_id,
      shipmentId: each.shipment_id,
      carrierReference: each.carrier_reference,
    })),
  };
}

function bodyOfOrder({ buyer, seller, lines, shipping, allowSplit }: OrderTerms) {
  return {
    ...{ buyer_wallet_id: buyer, seller_wallet_id: seller, currency: CURRENCY, lines: [...lines] },
    ...{ shipping_amount: shipping, allow_split: allowSplit },
  };
}

/**
 * Its movements are those that may pay for it: a hold for each part, what collects it again when that was lost, and the way back of one
 * that was captured and must be undone.
 */
export function orderOf(key: string, kind: string, terms: OrderTerms, shop: Shop, orders: OrderBook): Operation {
  const { buyer, seller, lines, shipping } = terms;
  const tenant = tenantOf(shop);
  const id = orderId(key, tenant);
  const parts = partsOf(id, lines, { ...terms, priceOf: shop.priceOf, tenant });
  const total = formatUnits(unitsOf(lines, shop.priceOf) + parseUnits(shipping));
  const goods = { of: 'order', buyer, seller, lines, total, parts } as const;
  const moves = parts.flatMap(({ n, transferId: hold, amount }) => {
    const terms = { movement: 'transfer', from: buyer, to: seller, amount, currency: CURRENCY } as const;
    const collections = attempts((attempt) => transferId(collectionKey(id, n, attempt), tenant));
    const back = { ...terms, id: reversalId(holdKey(id, n), tenant), from: seller, to: buyer };
    return [...[hold, ...collections].map((each) => ({ ...terms, id: each })), back];
  });
  orders.place(id, goods);
  return {
    asked: { ...sameTenant(shop), key, kind, names: 'order', id, moves, goods },
    send: async (api, options) => {
      const answer = await watched(orders, () => api.orders.create(bodyOfOrder(terms), options));
      return { id: answer.order_id };
    },
  };
}

/** Asks again with its key for something else. */
export function otherOrderOf(key: string, terms: OrderTerms, shop: OfTenant): Action {
  const other = { ...terms, lines: terms.lines.map(({ sku, quantity }) => ({ sku, quantity: quantity + 1 })) };
  return {
    kind: 'order key with another body',
    about: orderId(key, tenantOf(shop)),
    mustRefuse: 'idempotency_key_reused',
    send: async (api, options) => {
      const answer = await api.orders.create(bodyOfOrder(other), { ...options, idempotencyKey: key });
      return { id: answer.order_id };
    },
  };
}

/** Without an answer for good until the order, or what could be of it, is canceled, or cannot be. */
export function cancelOrderOf(id: string, orders: OrderBook): Action {
  return {
    kind: 'cancel order',
    about: id,
    async send(api, options) {
      try {
        const order = await watched(orders, () => api.orders.cancel(id, options));
        if (order.status !== 'CANCELED' && !isPartlyCanceled(order)) throw new Error('not decided yet');
        orders.cancelTold(id, 'canceled');
        return { id };
      } catch (error) {
        if (codeOf(error) === 'order_not_cancelable') orders.cancelTold(id, 'not canceled');
        throw error;
      }
    },
  };
}

function isPartlyCanceled({ consignments }: Order): boolean {
  return (
    consignments.some(({ release_reason: reason }) => reason === 'canceled') &&
    consignments.every(({ goods }) => goods !== 'RESERVED')
  );
}

/** Without an answer for good until it is known whether the goods may leave. */
export function handOverOf(id: string, n: number, orders: OrderBook): Action {
  const reference = `carrier-${id}-${n}`;
  return {
    kind: 'hand over',
    about: id,
    async send(api, options) {
      try {
        const order = await watched(orders, () =>
          api.orders.handOver(id, n, { carrier_reference: reference }, options),
        );
        const part = order.consignments.find((each) => each.n === n);
        if (part === undefined || part.goods === 'RESERVED') throw new Error('not decided yet');
        orders.decide(id, n, 'issued');
        return { id };
      } catch (error) {
        const code = codeOf(error);
        if (code === 'consignment_released' || code === 'hold_expiring') orders.decide(id, n, 'released');
        if (code === 'handed_over_otherwise') orders.decide(id, n, 'issued');
        throw error;
      }
    },
  };
}

/** A carrier's report. Its `event_id` is the shipment's and the status's, so that a repeat is one. */
export function reportOf(
  id: string,
  shipmentId: string,
  status: (typeof CARRIER_STATUSES)[number],
  at: string,
): Action {
  return {
    kind: `report ${status}`,
    about: id,
    async send(api, options) {
      try {
        await api.shipments.report(shipmentId, { event_id: `${shipmentId}-${status}`, status, at }, options);
        return { id };
      } catch (error) {
        // The workflow is about to tell the delivery that the goods were handed over.
        if (codeOf(error) === 'shipment_not_handed_over') throw new Error('not handed over yet', { cause: error });
        throw error;
      }
    },
  };
}

export function returnOf(
  key: string,
  order: SeenOrder,
  lines: readonly Line[],
  { priceOf, ...shop }: Shop,
): { readonly id: string; readonly operation: Operation } {
  const id = returnId(order.id as OrderId, key);
  const amount = formatUnits(unitsOf(lines, priceOf));
  const terms = { movement: 'transfer', from: order.seller, to: order.buyer, amount, currency: CURRENCY } as const;
  const moves = attempts((attempt) => ({ id: reversalId(refundKey(id, attempt), tenantOf(shop)), ...terms }));
  return {
    id,
    operation: {
      asked: {
        ...{ ...sameTenant(shop), key, kind: 'return', names: 'return', id, moves },
        goods: { of: 'return', orderId: order.id, lines, amount },
      },
      send: async (api, options) => ({
        id: (await api.returns.create(order.id, { lines: [...lines] }, options)).return_id,
      }),
    },
  };
}

export function receiveOf(returnedId: string): Action {
  return {
    kind: 'receive return',
    about: returnedId,
    send: async (api, options) => ({ id: (await api.returns.receive(returnedId, {}, options)).return_id }),
  };
}

/** Has what keeps failing tried at once. */
export function retryOf(id: string): Action {
  return { kind: 'retry order', about: id, send: (api, options) => resolve(api, options, id, 'retry') };
}

/** Decides about goods that have left without being paid. */
export function settleDueOf(id: string, action: 'collect_again' | 'write_off'): Action {
  return {
    kind: action === 'write_off' ? 'write off' : 'collect again',
    about: id,
    send: (api, options) => resolve(api, options, id, action),
  };
}

async function resolve(
  api: Client,
  options: CallOptions,
  id: string,
  action: BodyOf<'resolveOrder'>['action'],
): Promise<Answered> {
  await api.orders.resolve(id, { action, comment: 'by the nemesis' }, { ...options, onBehalfOf: 'nemesis' });
  return { id };
}

/** Reads the order and notes what it is told. Throws what the call throws. */
export async function lookAt(api: Client, id: string, orders: OrderBook, signal: AbortSignal): Promise<SeenOrder> {
  return orderAnswered(await watched(orders, () => api.orders.get(id, { signal })));
}

async function watched(orders: OrderBook, call: () => Promise<Order>): Promise<Order> {
  const askedAtMs = performance.now();
  const answer = await call();
  orders.see('observer', orderAnswered(answer), askedAtMs);
  return answer;
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof CounterpoiseError ? error.code : undefined;
}

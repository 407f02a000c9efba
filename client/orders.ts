/** The calls about orders and what they need: products, stock, shipments, returns. */
import type { BodyOf, Calls, QueryOf } from './call.ts';
import type { CallOptions } from './transport.ts';

export function orderCalls({ call, listing }: Calls) {
  return {
    /** With `waitSeconds`, returns once it is CONFIRMED or has ended. */
    create: (body: BodyOf<'createOrder'>, callOptions?: CallOptions) => call('createOrder', { body }, callOptions),
    get: (order_id: string, callOptions?: CallOptions) => call('getOrder', { path: { order_id } }, callOptions),
    ...listing('listOrders'),
    /** What waits for an operator, or has waited, newest first. */
    cases: (query: QueryOf<'listOrderCases'> = {}, callOptions?: CallOptions) =>
      call('listOrderCases', { query }, callOptions),
    /** A case, and what operators decided about its order while it was open. */
    getCase: (case_id: string, callOptions?: CallOptions) => call('getOrderCase', { path: { case_id } }, callOptions),
    /** What happened to it, and when, oldest first. */
    steps: async (order_id: string, callOptions?: CallOptions) =>
      (await call('listOrderSteps', { path: { order_id } }, callOptions)).data,
    /** Its whole course: legs with the verdicts of their fences, attempts, money and books, and which source is missing. */
    timeline: (order_id: string, callOptions?: CallOptions) =>
      call('getOrderTimeline', { path: { order_id } }, callOptions),
    /** Cancels it, or what has not left of it. Refused with `order_not_cancelable` if everything has. */
    cancel: (order_id: string, callOptions?: CallOptions) =>
      call('cancelOrder', { path: { order_id }, body: {} }, callOptions),
    /** Asks whether a consignment may leave. It must stay if this is refused: `consignment_released`, `hold_expiring`. */
    handOver: (order_id: string, n: number, body: BodyOf<'handOverConsignment'>, callOptions?: CallOptions) =>
      call('handOverConsignment', { path: { order_id, n }, body }, callOptions),
    /** An operator's decision about an order that waits for one. */
    resolve: (order_id: string, body: BodyOf<'resolveOrder'>, callOptions?: CallOptions) =>
      call('resolveOrder', { path: { order_id }, body }, callOptions),
    /** The returns of an order, oldest first. */
    returns: async (order_id: string, callOptions?: CallOptions) =>
      (await call('listReturnsOfOrder', { path: { order_id } }, callOptions)).data,
  };
}

export function returnCalls({ call, listing }: Calls) {
  return {
    ...listing('listReturns'),
    /** Announces that goods of an order come back. */
    create: (order_id: string, body: BodyOf<'createReturn'>, callOptions?: CallOptions) =>
      call('createReturn', { path: { order_id }, body }, callOptions),
    get: (return_id: string, callOptions?: CallOptions) => call('getReturn', { path: { return_id } }, callOptions),
    /** Notes that the goods are back; their money goes back to the buyer. */
    receive: (return_id: string, body: BodyOf<'receiveReturn'> = {}, callOptions?: CallOptions) =>
      call('receiveReturn', { path: { return_id }, body }, callOptions),
  };
}

export function productCalls({ call, listing }: Calls) {
  return {
    put: (sku: string, body: BodyOf<'putProduct'>, callOptions?: CallOptions) =>
      call('putProduct', { path: { sku }, body }, callOptions),
    get: (sku: string, callOptions?: CallOptions) => call('getProduct', { path: { sku } }, callOptions),
    ...listing('listProducts'),
  };
}

export function stockCalls({ call, each, listing }: Calls) {
  return {
    get: (sku: string, callOptions?: CallOptions) => call('getStock', { path: { sku } }, callOptions),
    ...listing('listStock'),
    /** Sets what is on hand, as somebody has counted it. */
    count: (sku: string, on_hand: number, callOptions?: CallOptions) =>
      call('countStock', { path: { sku }, body: { on_hand } }, callOptions),
    receive: (sku: string, body: BodyOf<'receiveStock'>, callOptions?: CallOptions) =>
      call('receiveStock', { path: { sku }, body }, callOptions),
    adjust: (sku: string, body: BodyOf<'adjustStock'>, callOptions?: CallOptions) =>
      call('adjustStock', { path: { sku }, body }, callOptions),
    /** A page of what has changed it, newest first. */
    entries: (sku: string, query: QueryOf<'listStockEntries'> = {}, callOptions?: CallOptions) =>
      call('listStockEntries', { path: { sku }, query }, callOptions),
    allEntries: (sku: string, query: QueryOf<'listStockEntries'> = {}, callOptions?: CallOptions) =>
      each('listStockEntries', { path: { sku }, query }, callOptions),
  };
}

export function shipmentCalls({ call }: Calls) {
  return {
    get: (shipment_id: string, callOptions?: CallOptions) =>
      call('getShipment', { path: { shipment_id } }, callOptions),
    /** What the carrier reports of it. Its reports may come twice and out of order. */
    report: (shipment_id: string, body: BodyOf<'createCarrierEvent'>, callOptions?: CallOptions) =>
      call('createCarrierEvent', { path: { shipment_id }, body }, callOptions),
  };
}

/** The seller's books. */
export function bookCalls({ call, listing }: Calls) {
  return {
    invoices: {
      get: (invoice_id: string, callOptions?: CallOptions) => call('getInvoice', { path: { invoice_id } }, callOptions),
      ...listing('listInvoices'),
    },
    creditNotes: listing('listCreditNotes'),
    journals: listing('listJournals'),
    /** The accounts of a seller; their balances sum to zero. */
    trialBalance: (query: QueryOf<'getTrialBalance'>, callOptions?: CallOptions) =>
      call('getTrialBalance', { query }, callOptions),
  };
}

/**
 * The client, and the entry of its package: Counterpoise's API as functions, typed by its OpenAPI document. It makes an
 * Idempotency-Key for each movement and repeats a call that got no answer with that same key, so a call that returns has moved its
 * money once. Needs `fetch` and nothing of the server.
 */
import { approvalCalls, approvalPolicyCalls } from './approvals.ts';
import { createCall, type BodyOf } from './call.ts';
import { overviewCalls } from './console.ts';
import { createEventStream } from './event-stream.ts';
import { eventCalls, eventSourceCalls, projectionCalls } from './events.ts';
import { bookCalls, orderCalls, productCalls, returnCalls, shipmentCalls, stockCalls } from './orders.ts';
import { consoleSessionCalls, keyCalls, principalCalls, tenantCalls } from './keys.ts';
import { recurringCalls } from './recurring.ts';
import { transferBatchCalls, transferCalls } from './transfers.ts';
import type { CallOptions, ClientOptions, Surroundings } from './transport.ts';
import { walletCalls } from './wallets.ts';
import { webhookCalls } from './webhooks.ts';

export { CounterpoiseError } from './errors.ts';
export type { AnswerOf, BodyOf, InputOf, OperationName, QueryOf } from './call.ts';
export type { EventStreamOptions } from './event-stream.ts';
export type { CallOptions, ClientOptions } from './transport.ts';
export type * from './wire.ts';
/** For who shows a call and does not make it, such as as a line for a shell. */
export { ROUTES } from './wire.ts';

export type Client = ReturnType<typeof createClient>;

/** `surroundings` is for tests. Every function throws a CounterpoiseError, or the reason of its signal. */
export function createClient(options: ClientOptions, surroundings?: Surroundings) {
  const calls = createCall(options, surroundings);
  const { call, each, listing } = calls;

  return {
    /** Any operation by its name in the OpenAPI document. */
    call,
    /** Every item of any list by its name in the OpenAPI document. */
    each,

    overview: overviewCalls(calls),
    wallets: walletCalls(calls),
    transfers: transferCalls(calls),
    transferBatches: transferBatchCalls(calls),
    recurringTransfers: recurringCalls(calls),

    /** Money into a wallet from outside, or out of it. */
    transactions: {
      create: (body: BodyOf<'createTransaction'>, callOptions?: CallOptions) =>
        call('createTransaction', { body }, callOptions),
      get: (transaction_id: string, callOptions?: CallOptions) =>
        call('getTransaction', { path: { transaction_id } }, callOptions),
      ...listing('listTransactions'),
    },

    currencies: {
      /** All currencies, with how many decimals their amounts may have. */
      list: async (callOptions?: CallOptions) => (await call('listCurrencies', {}, callOptions)).data,
    },

    products: productCalls(calls),
    stock: stockCalls(calls),
    orders: orderCalls(calls),
    returns: returnCalls(calls),
    shipments: shipmentCalls(calls),
    books: bookCalls(calls),

    events: eventCalls(calls, createEventStream(options, surroundings)),
    eventSources: eventSourceCalls(calls),
    projections: projectionCalls(calls),
    webhookEndpoints: webhookCalls(calls),
    apiKeys: keyCalls(calls),
    principals: principalCalls(calls),
    tenants: tenantCalls(calls),
    consoleSessions: consoleSessionCalls(calls),

    approvals: approvalCalls(calls),
    approvalPolicies: approvalPolicyCalls(calls),

    /** The audit log: what principals have changed. */
    auditEvents: listing('listAuditEvents'),

    /** Cases: what cannot finish by itself and waits for an operator. */
    cases: {
      get: (case_id: string, callOptions?: CallOptions) => call('getCase', { path: { case_id } }, callOptions),
      ...listing('listCases'),
      /** For findings of the reconciliation; `transfers.resolve` is for a transfer whose compensation keeps failing. */
      resolve: (case_id: string, body: BodyOf<'resolveCase'>, callOptions?: CallOptions) =>
        call('resolveCase', { path: { case_id }, body }, callOptions),
    },

    reconciliationRuns: {
      /** With `waitSeconds`, returns its result. */
      create: (callOptions?: CallOptions) => call('createReconciliationRun', {}, callOptions),
      get: (run_id: string, callOptions?: CallOptions) =>
        call('getReconciliationRun', { path: { run_id } }, callOptions),
      ...listing('listReconciliationRuns'),
    },
  };
}

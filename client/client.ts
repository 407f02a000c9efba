/**
 * The client, and the entry of its package: Counterpoise's API as functions, typed by its OpenAPI document. It makes an
 * Idempotency-Key for each movement and repeats a call that got no answer with that same key, so a call that returns has moved its
 * money once. Needs `fetch` and nothing of the server.
 */
import { createCall, type BodyOf, type ListName, type QueryOf, type InputOf, type ItemOf } from './call.ts';
import { CounterpoiseError } from './errors.ts';
import { createEventStream } from './event-stream.ts';
import type { CallOptions, ClientOptions, Surroundings } from './transport.ts';
import type { Wallet } from './wire.ts';

export { CounterpoiseError } from './errors.ts';
export type { AnswerOf, BodyOf, InputOf, OperationName, QueryOf } from './call.ts';
export type { EventStreamOptions } from './event-stream.ts';
export type { CallOptions, ClientOptions } from './transport.ts';
export type * from './wire.ts';

export type Client = ReturnType<typeof createClient>;

/** `surroundings` is for tests. Every function throws a CounterpoiseError, or the reason of its signal. */
export function createClient(options: ClientOptions, surroundings?: Surroundings) {
  const { call, each } = createCall(options, surroundings);

  /** A list, a page at a time or all of its items. */
  const listing = <Name extends ListName>(operation: Name) => ({
    /** A page: `{data, next_cursor}`. */
    list: (query: QueryOf<Name> = {}, callOptions?: CallOptions) =>
      call(operation, { query } as InputOf<Name>, callOptions),
    /** Every item, newest first, page after page as they are asked for; `limit` is the size of a page. */
    listAll: (query: QueryOf<Name> = {}, callOptions?: CallOptions): AsyncGenerator<ItemOf<Name>, void, undefined> =>
      each(operation, { query } as InputOf<Name>, callOptions),
  });

  return {
    /** Any operation by its name in the OpenAPI document. */
    call,
    /** Every item of any list by its name in the OpenAPI document. */
    each,

    wallets: {
      /** A second wallet for the same user and currency is refused: `wallet_exists`. `open` returns the first one. */
      create: (body: BodyOf<'createWallet'>, callOptions?: CallOptions) => call('createWallet', { body }, callOptions),
      /** The wallet of this user in this currency, opened now or before; a repeat returns the same one. */
      async open(body: BodyOf<'createWallet'>, callOptions?: CallOptions): Promise<{ wallet: Wallet; isNew: boolean }> {
        try {
          return { wallet: await call('createWallet', { body }, callOptions), isNew: true };
        } catch (error) {
          if (!(error instanceof CounterpoiseError) || error.code !== 'wallet_exists') throw error;
          const path = { wallet_id: String(error.problem?.['wallet_id']) };
          return { wallet: await call('getWallet', { path }, callOptions), isNew: false };
        }
      },
      get: (wallet_id: string, callOptions?: CallOptions) => call('getWallet', { path: { wallet_id } }, callOptions),
      ...listing('listWallets'),
      /** The amount that can be spent, now or at an instant (`at`). */
      balance: (wallet_id: string, query: QueryOf<'getWalletBalance'> = {}, callOptions?: CallOptions) =>
        call('getWalletBalance', { path: { wallet_id }, query }, callOptions),
      /** A page of its ledger entries, newest first. */
      entries: (wallet_id: string, query: QueryOf<'listWalletEntries'> = {}, callOptions?: CallOptions) =>
        call('listWalletEntries', { path: { wallet_id }, query }, callOptions),
      allEntries: (wallet_id: string, query: QueryOf<'listWalletEntries'> = {}, callOptions?: CallOptions) =>
        each('listWalletEntries', { path: { wallet_id }, query }, callOptions),
      activity: (wallet_id: string, query: QueryOf<'getWalletActivity'> = {}, callOptions?: CallOptions) =>
        call('getWalletActivity', { path: { wallet_id }, query }, callOptions),
      suspend: (wallet_id: string, callOptions?: CallOptions) =>
        call('suspendWallet', { path: { wallet_id } }, callOptions),
      activate: (wallet_id: string, callOptions?: CallOptions) =>
        call('activateWallet', { path: { wallet_id } }, callOptions),
      limits: (wallet_id: string, callOptions?: CallOptions) =>
        call('getWalletLimits', { path: { wallet_id } }, callOptions),
      setLimits: (wallet_id: string, body: BodyOf<'setWalletLimits'>, callOptions?: CallOptions) =>
        call('setWalletLimits', { path: { wallet_id }, body }, callOptions),
    },

    /** Money into a wallet from outside, or out of it. */
    transactions: {
      create: (body: BodyOf<'createTransaction'>, callOptions?: CallOptions) =>
        call('createTransaction', { body }, callOptions),
      get: (transaction_id: string, callOptions?: CallOptions) =>
        call('getTransaction', { path: { transaction_id } }, callOptions),
      ...listing('listTransactions'),
    },

    currencies: currencyCalls(call),
    events: eventCalls(call, createEventStream(options, surroundings)),
    eventSources: eventSourceCalls(call),
    projections: projectionCalls(call),

    transfers: {
      create: (body: BodyOf<'createTransfer'>, callOptions?: CallOptions) =>
        call('createTransfer', { body }, callOptions),
      get: (transfer_id: string, callOptions?: CallOptions) =>
        call('getTransfer', { path: { transfer_id } }, callOptions),
      ...listing('listTransfers'),
      /** Its steps: what happened to it, and when, oldest first. */
      steps: async (transfer_id: string, callOptions?: CallOptions) =>
        (await call('listTransferSteps', { path: { transfer_id } }, callOptions)).data,
      /** Completes a hold, whole or in part: the rest is given back. */
      capture: (transfer_id: string, body: BodyOf<'captureTransfer'> = {}, callOptions?: CallOptions) =>
        call('captureTransfer', { path: { transfer_id }, body }, callOptions),
      cancel: (transfer_id: string, callOptions?: CallOptions) =>
        call('cancelTransfer', { path: { transfer_id }, body: {} }, callOptions),
      /** A new transfer that gives a completed one back, whole or in part. */
      reverse: (transfer_id: string, body: BodyOf<'reverseTransfer'> = {}, callOptions?: CallOptions) =>
        call('reverseTransfer', { path: { transfer_id }, body }, callOptions),
      /** An operator's decision about a transfer that cannot finish by itself; `actor` names the operator. */
      resolve: (
        transfer_id: string,
        body: BodyOf<'resolveTransfer'>,
        callOptions: CallOptions & { readonly actor: string },
      ) => call('resolveTransfer', { path: { transfer_id }, body }, callOptions),
    },

    /** Up to 10,000 transfers in one call, each judged on its own. */
    transferBatches: {
      create: (body: BodyOf<'createTransferBatch'>, callOptions?: CallOptions) =>
        call('createTransferBatch', { body }, callOptions),
      get: (batch_id: string, callOptions?: CallOptions) =>
        call('getTransferBatch', { path: { batch_id } }, callOptions),
      ...listing('listTransferBatches'),
      items: (batch_id: string, query: QueryOf<'listTransferBatchItems'> = {}, callOptions?: CallOptions) =>
        call('listTransferBatchItems', { path: { batch_id }, query }, callOptions),
      allItems: (batch_id: string, query: QueryOf<'listTransferBatchItems'> = {}, callOptions?: CallOptions) =>
        each('listTransferBatchItems', { path: { batch_id }, query }, callOptions),
    },

    recurringTransfers: {
      create: (body: BodyOf<'createRecurringTransfer'>, callOptions?: CallOptions) =>
        call('createRecurringTransfer', { body }, callOptions),
      get: (recurring_transfer_id: string, callOptions?: CallOptions) =>
        call('getRecurringTransfer', { path: { recurring_transfer_id } }, callOptions),
      ...listing('listRecurringTransfers'),
      /** Its transfers, newest first. */
      runs: (
        recurring_transfer_id: string,
        query: QueryOf<'listRecurringTransferRuns'> = {},
        callOptions?: CallOptions,
      ) => call('listRecurringTransferRuns', { path: { recurring_transfer_id }, query }, callOptions),
      /** The runs that were missed and not caught up. */
      skippedRuns: (recurring_transfer_id: string, query: QueryOf<'listSkippedRuns'> = {}, callOptions?: CallOptions) =>
        call('listSkippedRuns', { path: { recurring_transfer_id }, query }, callOptions),
      delete: (recurring_transfer_id: string, callOptions?: CallOptions) =>
        call('deleteRecurringTransfer', { path: { recurring_transfer_id } }, callOptions),
      pause: (recurring_transfer_id: string, callOptions?: CallOptions) =>
        call('pauseRecurringTransfer', { path: { recurring_transfer_id } }, callOptions),
      resume: (recurring_transfer_id: string, callOptions?: CallOptions) =>
        call('resumeRecurringTransfer', { path: { recurring_transfer_id } }, callOptions),
      /** Runs it now, once per key. */
      trigger: (recurring_transfer_id: string, callOptions?: CallOptions) =>
        call('triggerRecurringTransfer', { path: { recurring_transfer_id } }, callOptions),
    },

    /** Cases: what cannot finish by itself and waits for an operator. */
    cases: {
      get: (case_id: string, callOptions?: CallOptions) => call('getCase', { path: { case_id } }, callOptions),
      ...listing('listCases'),
      /** For findings of the reconciliation; `transfers.resolve` is for a transfer whose compensation keeps failing. */
      resolve: (case_id: string, body: BodyOf<'resolveCase'>, callOptions: CallOptions & { readonly actor: string }) =>
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

type Call = ReturnType<typeof createCall>['call'];

function currencyCalls(call: Call) {
  return {
    /** All currencies, with how many decimals their amounts may have. */
    list: async (callOptions?: CallOptions) => (await call('listCurrencies', {}, callOptions)).data,
  };
}

/** The outboxes from which events come. */
function eventSourceCalls(call: Call) {
  return {
    list: (callOptions?: CallOptions) => call('listEventSources', {}, callOptions),
    /** Goes on with one that is STOPPED; `actor` names the operator. */
    resume: (
      source: string,
      body: BodyOf<'resumeEventSource'>,
      callOptions: CallOptions & { readonly actor: string },
    ) => call('resumeEventSource', { path: { source }, body }, callOptions),
  };
}

/** What has happened, in the order of the log. */
function eventCalls(call: Call, stream: ReturnType<typeof createEventStream>) {
  return {
    /** A page; the next one is asked for with its `next_after`. */
    list: (query: QueryOf<'listEvents'> = {}, callOptions?: CallOptions) => call('listEvents', { query }, callOptions),
    get: (position: number, callOptions?: CallOptions) => call('getEvent', { path: { position } }, callOptions),
    /** All types, each with the JSON Schema of its events. */
    types: async (callOptions?: CallOptions) => (await call('listEventTypes', {}, callOptions)).data,
    stream,
  };
}

/** What is derived from the event log. */
function projectionCalls(call: Call) {
  return {
    list: async (callOptions?: CallOptions) => (await call('listProjections', {}, callOptions)).data,
    /** Builds it anew beside the live one, which it then replaces. A repeat meanwhile changes nothing. */
    rebuild: (projection: string, callOptions?: CallOptions) =>
      call('rebuildProjection', { path: { projection } }, callOptions),
    deadLetters: async (projection: string, query: QueryOf<'listDeadLetters'> = {}, callOptions?: CallOptions) =>
      (await call('listDeadLetters', { path: { projection }, query }, callOptions)).data,
    /** Tries all dead letters again, or one. */
    retryDeadLetters: (projection: string, query: QueryOf<'retryDeadLetters'> = {}, callOptions?: CallOptions) =>
      call('retryDeadLetters', { path: { projection }, query }, callOptions),
  };
}

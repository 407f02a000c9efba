/** The calls about transfers, one by one and in batches. */
import type { BodyOf, Calls, QueryOf } from './call.ts';
import type { CallOptions } from './transport.ts';

export function transferCalls({ call, listing }: Calls) {
  return {
    create: (body: BodyOf<'createTransfer'>, callOptions?: CallOptions) =>
      call('createTransfer', { body }, callOptions),
    get: (transfer_id: string, callOptions?: CallOptions) =>
      call('getTransfer', { path: { transfer_id } }, callOptions),
    ...listing('listTransfers'),
    /** Its steps: what happened to it, and when, oldest first. */
    steps: async (transfer_id: string, callOptions?: CallOptions) =>
      (await call('listTransferSteps', { path: { transfer_id } }, callOptions)).data,
    /** Its whole course: legs with the verdicts of their fences, attempts, ledger entries, and which source is missing. */
    timeline: (transfer_id: string, callOptions?: CallOptions) =>
      call('getTransferTimeline', { path: { transfer_id } }, callOptions),
    /** What the wallet shards have decided and written of a transfer or a transaction. */
    legs: (movement_id: string, callOptions?: CallOptions) =>
      call('getMovementLegs', { path: { movement_id } }, callOptions),
    /** Completes a hold, whole or in part: the rest is given back. */
    capture: (transfer_id: string, body: BodyOf<'captureTransfer'> = {}, callOptions?: CallOptions) =>
      call('captureTransfer', { path: { transfer_id }, body }, callOptions),
    cancel: (transfer_id: string, callOptions?: CallOptions) =>
      call('cancelTransfer', { path: { transfer_id }, body: {} }, callOptions),
    /**
     * For a `create` that got no answer: with its key and its body, makes sure that nothing of it moves, however late it arrives.
     * Refused with `not_cancelable` if it has moved its money.
     */
    cancelByKey: async (
      body: BodyOf<'cancelTransferByKey'>,
      callOptions: CallOptions & { readonly idempotencyKey: string },
    ) => {
      // Where nobody checks types: with a key of its own it would cancel nothing, and say that it has.
      if (!callOptions?.idempotencyKey) throw new TypeError('cancelByKey needs the idempotencyKey of the creation');
      return call('cancelTransferByKey', { body }, callOptions);
    },
    /** A new transfer that gives a completed one back, whole or in part. */
    reverse: (transfer_id: string, body: BodyOf<'reverseTransfer'> = {}, callOptions?: CallOptions) =>
      call('reverseTransfer', { path: { transfer_id }, body }, callOptions),
    /** An operator's decision about a transfer that cannot finish by itself. */
    resolve: (transfer_id: string, body: BodyOf<'resolveTransfer'>, callOptions?: CallOptions) =>
      call('resolveTransfer', { path: { transfer_id }, body }, callOptions),
  };
}

/** Up to 10,000 transfers in one call, each judged on its own. */
export function transferBatchCalls({ call, each, listing }: Calls) {
  return {
    create: (body: BodyOf<'createTransferBatch'>, callOptions?: CallOptions) =>
      call('createTransferBatch', { body }, callOptions),
    /** What would be refused of it, all of it, and how much it would move. Stores nothing. */
    dryRun: (body: BodyOf<'tryTransferBatch'>, callOptions?: CallOptions) =>
      call('tryTransferBatch', { body }, callOptions),
    get: (batch_id: string, callOptions?: CallOptions) => call('getTransferBatch', { path: { batch_id } }, callOptions),
    ...listing('listTransferBatches'),
    items: (batch_id: string, query: QueryOf<'listTransferBatchItems'> = {}, callOptions?: CallOptions) =>
      call('listTransferBatchItems', { path: { batch_id }, query }, callOptions),
    allItems: (batch_id: string, query: QueryOf<'listTransferBatchItems'> = {}, callOptions?: CallOptions) =>
      each('listTransferBatchItems', { path: { batch_id }, query }, callOptions),
  };
}

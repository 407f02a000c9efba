// The money of orders without the HTTP API and Temporal: holds, captures, collections and reversals by the databases' operations, under
// the keys that orders use.

import assert from 'node:assert/strict';
import { acceptReversal, acceptTransfer } from '../../db/transfer/acceptance.ts';
import * as transfers from '../../db/transfer/queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import { reversalId, transferId } from '../../domain/derived-id.ts';
import type { OrderId, TransferId } from '../../domain/ids.ts';
import { collectionKey, holdKey, refundKey } from '../../domain/order/money.ts';
import type { AuthorizeInput, OrderPayments, ReturnOperations } from '../../domain/order/operations.ts';
import { reversalBodyHash, transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { ofTenant, sameTenant, tenantOf } from '../../domain/tenant.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import type { Holds } from '../../workers/order/holds.ts';
import { rowsOf, type TestStores } from './database.ts';
import { movementsOver } from './movements.ts';
import { trace } from './wallets.ts';

export interface TestPayments extends OrderPayments, Pick<ReturnOperations, 'refundReturn'> {
  /** Captures a hold, as anybody may who has its id. */
  readonly captureByHand: (id: TransferId) => Promise<void>;
  readonly collectAs: (input: AuthorizeInput, attempt: number) => Promise<TransferId>;
  readonly reverse: (of: TransferId, amount: string, key: string) => Promise<TransferId>;
}

export function orderPaymentsOver(stores: TestStores): TestPayments {
  const { service } = stores.transfer;
  const movements = movementsOver(stores);
  const at = movements.wallets.shardOf;
  const termsOf = (key: string, { terms, amount }: AuthorizeInput): TransferTerms => ({
    ...{
      transferId: transferId(key, tenantOf(terms)),
      senderWalletId: terms.buyerWalletId,
      receiverWalletId: terms.sellerWalletId,
    },
    ...{ amount, currency: terms.currency, ...sameTenant(terms) },
  });
  const accept = async (key: string, input: AuthorizeInput, isHold: boolean, beginsCanceled = false) => {
    const t = termsOf(key, input);
    const notes = {
      reference: `order ${input.orderId}`,
      metadata: { order_id: input.orderId, consignment: String(input.n) },
      expiresInSeconds: isHold ? input.holdSeconds : undefined,
    };
    const bodyHash = transferBodyHash({ ...t, ...notes });
    const acceptance = { ...notes, idempotencyKey: key, bodyHash, deadlineSeconds: 600, beginsCanceled };
    await acceptTransfer(service, t, acceptance, trace);
    return t;
  };
  const found = async (id: TransferId) => (await transfers.findTransfer(service, id))!;
  const known = async (id: TransferId): Promise<TransferTerms> => {
    const { tenant, senderWalletId, receiverWalletId, amount, currency } = await found(id);
    return { transferId: id, senderWalletId, receiverWalletId, amount, currency, ...ofTenant(tenant) };
  };
  const capture = async (id: TransferId): Promise<void> => {
    const t = await known(id);
    await transfers.decideCapture(service, id, t.amount);
    assert.equal((await shard.credit(at(t.receiverWalletId), t, trace, t.amount)).outcome, 'applied');
    await shard.refund(at(t.senderWalletId), t, t.amount, 'timed_out', trace, { total: t.amount });
    await transfers.recordTransferStatus(service, id, { status: 'COMPLETED' }, trace);
  };
  const reverse = async (of: TransferId, amount: string, key: string): Promise<TransferId> => {
    const original = await known(of);
    const t = {
      ...{ ...original, transferId: reversalId(key, tenantOf(original)), amount },
      ...{ senderWalletId: original.receiverWalletId, receiverWalletId: original.senderWalletId },
    };
    const bodyHash = reversalBodyHash({ reversesTransferId: of, amount });
    const acceptance = {
      reference: undefined,
      metadata: undefined,
      idempotencyKey: key,
      bodyHash,
      deadlineSeconds: 600,
    };
    await acceptReversal(service, t, acceptance, of, trace);
    await movements.settle(t);
    return t.transferId;
  };
  const collectAs = async (input: AuthorizeInput, attempt: number): Promise<TransferId> => {
    const t = await accept(collectionKey(input.orderId, input.n, attempt), input, false);
    await movements.settle(t);
    return t.transferId;
  };

  return {
    reverse,
    collectAs,
    captureByHand: capture,
    async authorize(input) {
      const t = await accept(holdKey(input.orderId, input.n), input, true);
      const { outcome } = await shard.debit(at(t.senderWalletId), t, trace, { isHold: true, total: t.amount });
      if (outcome !== 'applied') {
        await movements.giveUp(t, 'debit_refused');
        return { outcome: 'refused', reason: 'insufficient_funds' };
      }
      await transfers.recordTransferStatus(service, t.transferId, { status: 'DEBITED' }, trace);
      const { expiresAt } = await found(t.transferId);
      return { outcome: 'held', transferId: t.transferId, holdExpiresAtMs: expiresAt!.getTime() };
    },
    async captureHold({ transferId: id }) {
      if ((await found(id)).status !== 'DEBITED') return { outcome: 'lost' };
      await capture(id);
      return { outcome: 'captured' };
    },
    async voidHold(input) {
      const key = holdKey(input.orderId, input.n);
      const t = await accept(key, input, true, true);
      const { status, amount } = await found(t.transferId);
      if (status === 'COMPLETED') await reverse(t.transferId, amount, key);
      else if (status !== 'FAILED' && status !== 'CANCELED') await movements.giveUp(t, 'canceled');
    },
    async closeCollection(input) {
      const t = await accept(collectionKey(input.orderId, input.n, 1), input, false, true);
      await movements.giveUp(t, 'canceled');
      return { outcome: 'closed' };
    },
    collect: async (input) => ({ outcome: 'collected', transferId: await collectAs(input, 1) }),
    refundReturn: async ({ returnId, transferId: of, amount }) => ({
      outcome: 'refunded',
      transferId: await reverse(of, amount, refundKey(returnId, 1)),
    }),
  };
}

/** The holds that are not settled, as the API lists them; they are an hour old. */
export function findHolds(
  { transfer: { admin } }: TestStores,
  cancel: (id: string) => Promise<void> = async () => {},
): Holds {
  return {
    cancel: ({ transferId: id }) => cancel(id),
    async page(of) {
      const rows = await rowsOf<{ id: TransferId; order_id: OrderId; n: string }>(
        admin,
        `SELECT transfer_id AS id, metadata ->> 'order_id' AS order_id, metadata ->> 'consignment' AS n FROM transfers
         WHERE status = 'DEBITED' AND capture_method = 'manual' AND tenant = '${tenantOf(of)}' ORDER BY transfer_id`,
      );
      const createdAtMs = Date.now() - 3_600_000;
      return {
        holds: rows.map(({ id, order_id: orderId, n }) => ({
          ...{ transferId: id, orderId, n: Number(n), createdAtMs },
          ...sameTenant(of),
        })),
        next: undefined,
      };
    },
  };
}

// Whole movements without Temporal, for tests of the rows that they leave: accepted as by the API, then carried out in the order of
// the workflows.

import { acceptTransaction, recordTransactionEnd } from '../../db/transfer/transaction-queries.ts';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import { recordTransferStatus } from '../../db/transfer/queries.ts';
import * as shard from '../../db/wallet/queries.ts';
import { transactionId, transferId } from '../../domain/derived-id.ts';
import { transactionBodyHash, transferBodyHash } from '../../domain/transfer/movement-body.ts';
import { endOfTransaction, type TransactionTerms, type TransactionType } from '../../domain/transfer/transaction.ts';
import { endOfLeg, type AbandonReason, type TransferTerms } from '../../domain/transfer/transfer.ts';
import type { WalletId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, ofTenant, type Tenant } from '../../domain/tenant.ts';
import type { TestStores } from './database.ts';
import { fresh, trace, USD, walletsOver, type Wallets } from './wallets.ts';

export interface Movements {
  readonly wallets: Wallets;
  readonly acceptTransfer: (
    senderWalletId: WalletId,
    receiverWalletId: WalletId,
    amount: string,
  ) => Promise<TransferTerms>;
  /** Carries a transfer only as far as DEBITED; returns whether the debit was applied. */
  readonly debit: (t: TransferTerms) => Promise<boolean>;
  readonly settle: (t: TransferTerms) => Promise<void>;
  /** Gives a transfer up and compensates it, however far it is. */
  readonly giveUp: (t: TransferTerms, reason: AbandonReason) => Promise<void>;
  readonly acceptTransaction: (
    type: TransactionType,
    walletId: WalletId,
    amount: string,
    tenant?: Tenant,
  ) => Promise<TransactionTerms>;
  readonly transact: (t: TransactionTerms) => Promise<void>;
}

/** Amounts have four decimals, as the API passes them on. */
export function movementsOver({ wallets: shards, transfer: { service } }: TestStores): Movements {
  const wallets = walletsOver(shards.map((each) => each.service));
  const notes = { reference: undefined, metadata: { note: 'test' } };
  const acceptance = (idempotencyKey: string, bodyHash: string) => ({
    ...notes,
    idempotencyKey,
    bodyHash,
    deadlineSeconds: 600,
  });

  const debit = async (t: TransferTerms): Promise<boolean> => {
    const { outcome } = await shard.debit(wallets.shardOf(t.senderWalletId), t, trace, { total: t.amount });
    if (outcome === 'applied') await recordTransferStatus(service, t.transferId, { status: 'DEBITED' }, trace);
    return outcome === 'applied';
  };
  const giveUp = async (t: TransferTerms, reason: AbandonReason): Promise<void> => {
    const credit = await shard.cancelCredit(wallets.shardOf(t.receiverWalletId), t, reason, t.amount);
    if (credit.outcome === 'applied')
      return void (await recordTransferStatus(service, t.transferId, { status: 'COMPLETED' }, trace));
    const debited = await shard.refund(wallets.shardOf(t.senderWalletId), t, '0', reason, trace, { total: t.amount });
    await recordTransferStatus(
      service,
      t.transferId,
      endOfLeg(debited.outcome === 'rejected' ? debited : credit),
      trace,
    );
  };

  return {
    wallets,
    debit,
    giveUp,
    async acceptTransfer(senderWalletId, receiverWalletId, amount) {
      const key = fresh('key');
      const t = { transferId: transferId(key), senderWalletId, receiverWalletId, amount, currency: USD };
      await acceptTransfer(service, t, acceptance(key, transferBodyHash({ ...t, ...notes })), trace);
      return t;
    },
    async settle(t) {
      if (!(await debit(t))) return giveUp(t, 'debit_refused');
      const { outcome } = await shard.credit(wallets.shardOf(t.receiverWalletId), t, trace, t.amount);
      if (outcome !== 'applied') return giveUp(t, 'timed_out');
      await recordTransferStatus(service, t.transferId, { status: 'COMPLETED' }, trace);
    },
    async acceptTransaction(type, walletId, amount, tenant = DEFAULT_TENANT) {
      const key = fresh('key');
      const t = {
        transactionId: transactionId(key, tenant),
        walletId,
        type,
        amount,
        currency: USD,
        ...ofTenant(tenant),
      };
      await acceptTransaction(service, t, acceptance(key, transactionBodyHash({ ...t, ...notes })), trace);
      return t;
    },
    async transact(t) {
      const answer = await shard.transact(wallets.shardOf(t.walletId), t, trace);
      await recordTransactionEnd(service, t.transactionId, endOfTransaction(answer), trace);
    },
  };
}

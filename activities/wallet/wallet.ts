/**
 * The wallet service's activities: each is one fenced operation of the shard that holds the wallet, so each may be
 * repeated at any time. Refusals are values; faults are thrown and retried by Temporal.
 */
import type { Database } from '../../db/database.ts';
import * as wallet from '../../db/wallet/queries.ts';
import type { WalletId } from '../../domain/ids.ts';
import { tenantOf, type OfTenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { TransactionTerms } from '../../domain/transfer/transaction.ts';
import type { AbandonReason, TransferTerms } from '../../domain/transfer/transfer.ts';
import { createDebitAndCredit, type TransferLeg } from './debit-and-credit.ts';
import { createShardTurns, lineKey } from './turns.ts';

/** `credited` is what the credit moved, `otherCredit` what another movement's credit moved, as the credit's fence says. */
interface Settlement extends TransferLeg {
  readonly credited: string;
  readonly otherCredit?: string;
  readonly reason: AbandonReason;
}

interface TransactionLeg {
  readonly terms: TransactionTerms;
  readonly trace: TraceContext;
}

export type WalletActivities = ReturnType<typeof createWalletActivities>;

/**
 * `shardOf` returns the database that holds a wallet: the only one of a shard's own worker, or one of all. An operation that locks
 * a wallet takes turns at it. A cancel locks none, and neither does the refund of a debit that never happened: so the lock for which
 * a transfer is given up does not hold up its compensation.
 */
export function createWalletActivities(shardOf: (walletId: WalletId) => Database, turnsOf = createShardTurns()) {
  const { at, atBoth, givingBack } = takeTurns(shardOf, turnsOf);
  const debit = ({ terms, trace, total, isHold = false }: TransferLeg & { isHold?: boolean }) =>
    at(terms, terms.senderWalletId, (shard) => wallet.debit(shard, terms, trace, { isHold, total }));
  const credit = ({ terms, trace, total }: TransferLeg) =>
    at(terms, terms.receiverWalletId, (shard) => wallet.credit(shard, terms, trace, total));

  return {
    /** Takes the amount out of the sender's wallet, for good or as a hold. */
    debit,

    /** Puts the amount into the receiver's wallet. */
    credit,

    /** Both legs, for two wallets of this shard. */
    debitAndCredit: createDebitAndCredit({ debit, credit }),

    /** Why a credit would be refused now, and may not be later; null if there is no such reason. It decides nothing. */
    passingCreditRefusal: async ({ terms }: Pick<TransferLeg, 'terms'>) =>
      (await wallet.passingCreditRefusal(
        shardOf(terms.receiverWalletId),
        tenantOf(terms),
        terms.receiverWalletId,
        terms.amount,
      )) ?? null,

    /** Makes sure that the credit never happens, or returns that it has happened. */
    cancelCredit: ({ terms, reason, total }: TransferLeg & { reason: AbandonReason }) =>
      wallet.cancelCredit(shardOf(terms.receiverWalletId), terms, reason, total),

    /** Makes sure that the debit never happens, and gives back what it took, less what was credited. */
    refund: ({ terms, credited, reason, trace, total, otherCredit }: Settlement) => {
      const give = (shard: Database) => wallet.refund(shard, terms, credited, reason, trace, { total, otherCredit });
      return givingBack(terms, give, () => at(terms, terms.senderWalletId, give));
    },

    /** As `refund`, but pays into the external wallet of the sender's shard: an operator gave the refund up. */
    writeOff: ({ terms, credited, reason, trace, total, otherCredit }: Settlement) => {
      const give = (shard: Database) =>
        wallet.refund(shard, terms, credited, reason, trace, { isWriteOff: true, total, otherCredit });
      return givingBack(terms, give, () => atBoth(terms, terms.senderWalletId, give));
    },

    /** Pays the sender back out of the external wallet before the credit's fence has decided; returns whether that has happened. */
    advance: ({ terms, trace, total }: TransferLeg) =>
      atBoth(terms, terms.senderWalletId, (shard) => wallet.advance(shard, terms, trace, total)),

    /** Makes sure that the sender is not paid in advance any more, or returns that it has been. */
    cancelAdvance: ({ terms }: Pick<TransferLeg, 'terms'>) =>
      wallet.cancelAdvance(shardOf(terms.senderWalletId), terms),

    /** Moves the money of a one-sided transaction, both entries at once. */
    transact: ({ terms, trace }: TransactionLeg) =>
      atBoth(terms, terms.walletId, (shard) => wallet.transact(shard, terms, trace)),

    /** Makes sure that a one-sided transaction never happens, or returns that it has happened. */
    cancelTransaction: ({ terms, reason }: TransactionLeg & { reason: AbandonReason }) =>
      wallet.cancelTransaction(shardOf(terms.walletId), terms, reason),
  };
}

function takeTurns(shardOf: (walletId: WalletId) => Database, turnsOf: ReturnType<typeof createShardTurns>) {
  const at = <T>(of: OfTenant, walletId: WalletId, operation: (shard: Database) => Promise<T>): Promise<T> => {
    const shard = shardOf(walletId);
    return turnsOf(shard).single.at([lineKey(of, walletId)], () => operation(shard));
  };
  /** For an operation that locks first the wallet, then the shard's external wallet of the currency. */
  const atBoth = <T>(
    of: OfTenant & { readonly currency: string },
    walletId: WalletId,
    operation: (shard: Database) => Promise<T>,
  ): Promise<T> => {
    const shard = shardOf(walletId);
    const keys = [walletId, `external/${of.currency}`].map((lock) => lineKey(of, lock));
    return turnsOf(shard).single.at(keys, () => operation(shard));
  };
  /**
   * For an operation that locks the sender's wallet only if there is a debit to give back; then it is run by `inTurn`. A debit that is
   * applied just after it was looked for is given back without a turn, which takes one connection more, and loses nothing.
   */
  const givingBack = async <T>(
    { senderWalletId, transferId }: TransferTerms,
    operation: (shard: Database) => Promise<T>,
    inTurn: () => Promise<T>,
  ): Promise<T> => {
    const shard = shardOf(senderWalletId);
    return (await wallet.isDebited(shard, transferId)) ? inTurn() : operation(shard);
  };

  return { at, atBoth, givingBack };
}

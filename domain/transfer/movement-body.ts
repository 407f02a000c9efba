/**
 * The normalised body of a movement: what its Idempotency-Key stands for, and what the hash in its row is taken of. One
 * place for both who accepts a movement and who audits it. The hash is compared for ever: what goes into it, and in which
 * form, must not change. Not for workflows: derived-id.ts hashes with a Node built-in.
 */
import { bodyHash } from '../derived-id.ts';
import type { TransferId } from '../ids.ts';
import type { TransactionTerms } from './transaction.ts';
import type { TransferTerms } from './transfer.ts';

/** What a client may say beside the terms. Nothing and null are the same, and so are, of metadata, nothing and `{}`. */
interface Notes {
  readonly reference?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;
}

/** What a transfer may be beside what it always is. What is not said is not hashed, as before it could be said. */
interface TransferKind {
  /** Of a manual one, in seconds. */
  readonly expiresInSeconds?: number | undefined;
  readonly scheduledAt?: Date | undefined;
}

/** SHA-256 in hex. The terms are normalised: ids in lower case, amounts with four decimals, the currency filled in. */
export function transferBodyHash(body: Omit<TransferTerms, 'transferId'> & Notes & TransferKind): string {
  const { senderWalletId, receiverWalletId, amount, currency, reference, metadata } = body;
  const { expiresInSeconds, scheduledAt } = body;
  return bodyHash({
    senderWalletId,
    receiverWalletId,
    amount,
    currency,
    reference: reference ?? null,
    metadata: metadata ?? {},
    ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
    ...(scheduledAt === undefined ? {} : { scheduledAt: scheduledAt.toISOString() }),
  });
}

/** SHA-256 in hex. No amount stands for all that is left. */
export function reversalBodyHash(body: {
  readonly reversesTransferId: TransferId;
  readonly amount: string | undefined;
}): string {
  return bodyHash({ reversesTransferId: body.reversesTransferId, amount: body.amount ?? null });
}

/** SHA-256 in hex, as for a transfer. */
export function transactionBodyHash(body: Omit<TransactionTerms, 'transactionId'> & Notes): string {
  const { walletId, type, amount, currency, reference, metadata } = body;
  return bodyHash({ walletId, type, amount, currency, reference: reference ?? null, metadata: metadata ?? {} });
}

/** SHA-256 in hex of a whole batch, from the hashes of its items' bodies in their order. */
export function batchBodyHash(itemHashes: readonly string[]): string {
  return bodyHash(itemHashes);
}

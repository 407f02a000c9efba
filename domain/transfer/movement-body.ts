/**
 * The normalized body of a movement: its Idempotency-Key stands for this body, and the hash in its row is taken of it. Acceptance
 * and audit share this one place. The hash is compared for ever: what goes into it, and in which form, must not change. Not for
 * workflows: derived-id.ts hashes with a Node built-in.
 */
import { bodyHash } from '../derived-id.ts';
import type { TransferId } from '../ids.ts';
import type { TransactionTerms } from './transaction.ts';
import type { TransferTerms } from './transfer.ts';

/** The notes that a client may add to the terms. A missing value and null are the same; so are missing metadata and `{}`. */
interface Notes {
  readonly reference?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | null | undefined;
}

/** The optional properties of a transfer. A missing one is not hashed, so bodies from before there was one keep their hash. */
interface TransferKind {
  /** Of a manual transfer, in seconds. */
  readonly expiresInSeconds?: number | undefined;
  readonly scheduledAt?: Date | undefined;
}

/** SHA-256 in hex. The terms are normalized: ids in lower case, amounts with four decimals, the currency filled in. */
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

/** SHA-256 in hex. A missing amount stands for all that is left. */
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

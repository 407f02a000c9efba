/** The answers about wallets and their ledger entries: their schemas, and their rendering from rows. */
import { z } from '@hono/zod-openapi';
import type { LedgerEntry, Wallet } from '../../db/wallet/wallet-queries.ts';
import { amountAnswer, exampleMovementId, exampleWalletId, idAnswer, instantAnswer } from '../http/fields.ts';

export const walletAnswer = z
  .object({
    wallet_id: idAnswer(exampleWalletId),
    user_id: z.string().openapi({ example: 'alice' }),
    currency: z.string().openapi({ example: 'USD' }),
    status: z.enum(['ACTIVE', 'SUSPENDED']),
    balance: amountAnswer.openapi({ description: 'The money that can be spent.' }),
    held: amountAnswer.openapi({
      example: '0.0000',
      description: 'The money that holds have taken out of the balance and that is not settled yet.',
    }),
    created_at: instantAnswer,
    updated_at: instantAnswer,
  })
  .openapi('Wallet');

export const entryAnswer = z
  .object({
    entry_id: idAnswer('0d4e8a52-7f13-8c60-92ab-5e6d7c8b9a01'),
    wallet_id: idAnswer(exampleWalletId),
    transaction_id: idAnswer(exampleMovementId).openapi({
      description: 'The transfer or the transaction that it belongs to.',
    }),
    type: z.enum(['DEBIT', 'CREDIT', 'REFUND']),
    amount: amountAnswer,
    sequence: z.int().openapi({ example: 7, description: '1, 2, 3 … within the wallet, without gaps.' }),
    balance_after: amountAnswer.openapi({ example: '75.0000' }),
    created_at: instantAnswer,
  })
  .openapi('LedgerEntry');

export const balanceAnswer = z
  .object({
    wallet_id: idAnswer(exampleWalletId),
    currency: z.string().openapi({ example: 'USD' }),
    balance: amountAnswer,
    at: instantAnswer,
  })
  .openapi('Balance');

export function renderWallet(wallet: Wallet): z.input<typeof walletAnswer> {
  return {
    wallet_id: wallet.walletId,
    user_id: wallet.userId!,
    currency: wallet.currency,
    status: wallet.status,
    balance: wallet.balance,
    held: wallet.held,
    created_at: wallet.createdAt.toISOString(),
    updated_at: wallet.updatedAt.toISOString(),
  };
}

export function renderEntry(entry: LedgerEntry): z.input<typeof entryAnswer> {
  return {
    entry_id: entry.entryId,
    wallet_id: entry.walletId,
    transaction_id: entry.transactionId,
    type: entry.type,
    amount: entry.amount,
    sequence: entry.sequence,
    balance_after: entry.balanceAfter,
    created_at: entry.createdAt.toISOString(),
  };
}

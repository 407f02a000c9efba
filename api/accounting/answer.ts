/** The answers about documents, journals and accounts: their schemas, and their rendering from rows. */
import { z } from '@hono/zod-openapi';
import type { Account, CreditNote, Invoice, Journal } from '../../db/accounting/book-queries.ts';
import { ACCOUNT_CODES, INVOICE_STATUSES, JOURNAL_KINDS } from '../../domain/accounting/books.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import type { WalletId } from '../../domain/ids.ts';
import {
  amountAnswer,
  exampleMovementId,
  exampleReceiverId,
  exampleRunId,
  exampleWalletId,
  idAnswer,
  instantAnswer,
} from '../http/fields.ts';

const currency = z.string().openapi({ example: 'USD' });
const seller = idAnswer(exampleReceiverId).openapi({ description: 'The wallet of the seller, whose books these are.' });
const numberOf = (documents: string) =>
  z.int().openapi({ example: 7, description: `1, 2, 3 … within the seller's ${documents}, without gaps.` });
const transferOf = (description: string) => idAnswer(exampleMovementId).nullable().openapi({ description });
const nullableInt = z
  .int()
  .nullable()
  .openapi({ type: ['integer', 'null'], example: 1 });

const lineAnswer = z
  .object({
    sku: z.string().openapi({ example: 'TEAPOT-1L' }),
    quantity: z.int().openapi({ type: 'integer', example: 2 }),
    unit_price: amountAnswer.openapi({ example: '12.5000' }),
    amount: amountAnswer,
  })
  .openapi('DocumentLine');

export const invoiceAnswer = z
  .object({
    invoice_id: idAnswer(exampleMovementId),
    seller_wallet_id: seller,
    number: numberOf('invoices'),
    buyer_wallet_id: idAnswer(exampleWalletId),
    order_id: idAnswer(exampleMovementId),
    consignment: z.int().openapi({ example: 1, description: 'The number of the consignment within the order.' }),
    status: z.enum(INVOICE_STATUSES).openapi({
      example: 'PAID',
      description: 'DUE: the goods have left and the money could not be had. It is COLLECTED later, or WRITTEN_OFF.',
    }),
    currency,
    lines: z.array(lineAnswer),
    shipping_amount: amountAnswer.openapi({ example: '4.0000' }),
    amount: amountAnswer.openapi({ example: '29.0000', description: 'The lines and the shipping.' }),
    transfer_id: transferOf('The transfer that has paid it.'),
    created_at: instantAnswer,
    updated_at: instantAnswer,
  })
  .openapi('Invoice');

export const creditNoteAnswer = z
  .object({
    credit_note_id: idAnswer(exampleRunId),
    return_id: idAnswer(exampleRunId).openapi({ description: 'A return has one credit note, which has its id.' }),
    seller_wallet_id: seller,
    number: numberOf('credit notes'),
    order_id: idAnswer(exampleMovementId),
    currency,
    lines: z.array(lineAnswer),
    amount: amountAnswer,
    transfer_id: transferOf('The transfer that has paid it back; null as long as it is owed.'),
    created_at: instantAnswer,
    updated_at: instantAnswer,
  })
  .openapi('CreditNote');

const exampleAccount = (code: string): string => `${exampleReceiverId}/${code}`;

export const journalAnswer = z
  .object({
    journal_id: idAnswer('0d4e8a52-7f13-8c60-92ab-5e6d7c8b9a01'),
    seller_wallet_id: seller,
    kind: z.enum(JOURNAL_KINDS).openapi({
      example: 'invoice',
      description: '`collection` and `write_off`: what became of an invoice that was due.',
    }),
    order_id: idAnswer(exampleMovementId),
    consignment: nullableInt.openapi({ description: 'Null for a return.' }),
    return_id: idAnswer(exampleRunId).nullable(),
    number: nullableInt.openapi({ description: 'The number of the invoice or the credit note that it posts.' }),
    transfer_id: transferOf('The transfer that moved the money; null where none has moved.'),
    lines: z.array(
      z
        .object({
          line: z.int().openapi({ type: 'integer', example: 1 }),
          debit_account: z.string().openapi({ example: exampleAccount('wallet') }),
          credit_account: z.string().openapi({ example: exampleAccount('revenue') }),
          amount: amountAnswer,
        })
        .openapi('JournalLine'),
    ),
    created_at: instantAnswer,
  })
  .openapi('Journal');

export const trialBalanceAnswer = z
  .object({
    seller_wallet_id: seller,
    currency: currency.nullable().openapi({ description: 'Null if nothing was ever posted.' }),
    accounts: z.array(
      z
        .object({
          account_id: z.string().openapi({ example: exampleAccount('wallet') }),
          code: z.enum(ACCOUNT_CODES),
          name: z.string().openapi({ example: `wallet:${exampleReceiverId}` }),
          debit_total: amountAnswer.openapi({ example: '29.0000' }),
          credit_total: amountAnswer.openapi({ example: '0.0000' }),
          balance: amountAnswer.openapi({ example: '29.0000', description: 'Debit minus credit.' }),
        })
        .openapi('Account'),
    ),
    debit_total: amountAnswer.openapi({ example: '29.0000' }),
    credit_total: amountAnswer.openapi({ example: '29.0000', description: 'The same as `debit_total`.' }),
  })
  .openapi('TrialBalance');

export function renderInvoice(row: Invoice): z.input<typeof invoiceAnswer> {
  return {
    invoice_id: row.invoiceId,
    seller_wallet_id: row.sellerWalletId,
    number: row.number,
    buyer_wallet_id: row.buyerWalletId,
    order_id: row.orderId,
    consignment: row.consignment,
    status: row.status,
    currency: row.currency,
    lines: row.lines.map(renderLine),
    shipping_amount: row.shippingAmount,
    amount: row.amount,
    transfer_id: row.transferId,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}

export function renderCreditNote(row: CreditNote): z.input<typeof creditNoteAnswer> {
  return {
    credit_note_id: row.creditNoteId,
    return_id: row.creditNoteId,
    seller_wallet_id: row.sellerWalletId,
    number: row.number,
    order_id: row.orderId,
    currency: row.currency,
    lines: row.lines.map(renderLine),
    amount: row.amount,
    transfer_id: row.transferId,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}

function renderLine({ sku, quantity, unitPrice, amount }: Invoice['lines'][number]): z.input<typeof lineAnswer> {
  return { sku, quantity, unit_price: unitPrice, amount };
}

export function renderJournal(row: Journal): z.input<typeof journalAnswer> {
  return {
    journal_id: row.journalId,
    seller_wallet_id: row.sellerWalletId,
    kind: row.kind,
    order_id: row.orderId,
    consignment: row.consignment,
    return_id: row.returnId,
    number: row.number,
    transfer_id: row.transferId,
    lines: row.lines.map(({ line, debitAccount, creditAccount, amount }) => ({
      line,
      debit_account: debitAccount,
      credit_account: creditAccount,
      amount,
    })),
    created_at: row.createdAt.toISOString(),
  };
}

export function renderTrialBalance(
  sellerWalletId: WalletId,
  rows: readonly Account[],
): z.input<typeof trialBalanceAnswer> {
  const total = (side: 'debitTotal' | 'creditTotal'): string =>
    formatUnits(rows.reduce((sum, row) => sum + parseUnits(row[side]), 0n));
  return {
    seller_wallet_id: sellerWalletId,
    currency: rows[0]?.currency ?? null,
    accounts: rows.map((row) => ({
      account_id: row.accountId,
      code: row.code,
      name: row.name,
      debit_total: row.debitTotal,
      credit_total: row.creditTotal,
      balance: row.balance,
    })),
    debit_total: total('debitTotal'),
    credit_total: total('creditTotal'),
  };
}

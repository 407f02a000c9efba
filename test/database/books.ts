// The books of sellers over a real database, by names instead of ids: what the tests of the accounting share.

import { createAccountingActivities } from '../../activities/accounting/accounting.ts';
import type { AccountingOperations, InvoiceAnswer } from '../../domain/accounting/operations.ts';
import type { Currency } from '../../domain/currency.ts';
import { returnId, transferId, walletId } from '../../domain/derived-id.ts';
import type { OrderId, ReturnId, TransferId, WalletId } from '../../domain/ids.ts';
import type { OrderLine } from '../../domain/order/order.ts';
import { rowsOf, type TestDatabase } from './database.ts';
import { fresh, trace, USD } from './wallets.ts';

/** 2 × 10.0001 and 1 × 5: 25.0002, and with the shipping 29.0002. */
export const LINES: readonly OrderLine[] = [
  { sku: 'lamp', quantity: 2, unitPrice: '10.0001' },
  { sku: 'desk', quantity: 1, unitPrice: '5.0000' },
];
export const SHIPPING = '4.0000';

export interface Books {
  readonly operations: AccountingOperations;
  readonly invoice: (orderId: OrderId, invoice: Invoiced) => Promise<InvoiceAnswer>;
  readonly collect: (orderId: OrderId, of: OfSeller, paidBy?: TransferId) => Promise<void>;
  readonly writeOff: (orderId: OrderId, of: OfSeller) => Promise<void>;
  readonly creditNote: (orderId: OrderId, of: OfReturn) => Promise<InvoiceAnswer>;
  readonly refund: (orderId: OrderId, of: OfReturn, paidBy?: TransferId) => Promise<void>;
  /** The balance of each account that is not even, by its code. */
  readonly balances: (seller: WalletId) => Promise<Record<string, string>>;
  /** The numbers of the seller's documents, in their order. */
  readonly numbers: (table: 'invoices' | 'credit_notes', seller: WalletId) => Promise<number[]>;
}

interface OfSeller {
  readonly seller: WalletId;
  readonly n?: number;
  readonly currency?: Currency;
}
interface Invoiced extends OfSeller {
  readonly paidBy?: TransferId | undefined;
  readonly lines?: readonly OrderLine[];
  readonly shipping?: string;
}
interface OfReturn extends OfSeller {
  readonly returnId: ReturnId;
  readonly lines?: readonly OrderLine[];
}

const buyerWalletId = walletId('buyer', USD);

export function freshSeller(): WalletId {
  return walletId(fresh('seller'), USD);
}
export function freshTransfer(): TransferId {
  return transferId(fresh('payment'));
}
export function freshReturn(orderId: OrderId): ReturnId {
  return returnId(orderId, fresh('return'));
}

export function booksOver({ service, admin }: TestDatabase): Books {
  const operations = createAccountingActivities(service);
  const of = (orderId: OrderId, { seller, n = 1, currency = USD }: OfSeller) => ({
    orderId,
    n,
    sellerWalletId: seller,
    currency,
    trace,
  });
  return {
    operations,
    invoice: (orderId, { paidBy, lines = LINES, shipping = SHIPPING, ...seller }) =>
      operations.postInvoice({
        ...of(orderId, seller),
        buyerWalletId,
        lines,
        shippingAmount: shipping,
        ...(paidBy === undefined ? {} : { paidBy }),
      }),
    collect: (orderId, seller, paidBy = freshTransfer()) =>
      operations.settleDue({ ...of(orderId, seller), settlement: { how: 'collected', transferId: paidBy } }),
    writeOff: (orderId, seller) => operations.settleDue({ ...of(orderId, seller), settlement: { how: 'written_off' } }),
    creditNote: (orderId, { returnId: id, lines = LINES.slice(0, 1), ...seller }) =>
      operations.postCreditNote({ ...of(orderId, seller), returnId: id, lines }),
    refund: (orderId, { returnId: id, ...seller }, paidBy = freshTransfer()) =>
      operations.postRefund({ ...of(orderId, seller), returnId: id, transferId: paidBy }),
    async balances(seller) {
      const rows = await rowsOf<{ code: string; balance: string }>(
        admin,
        `SELECT code, balance FROM accounts WHERE seller_wallet_id = '${seller}' AND balance <> 0`,
      );
      return Object.fromEntries(rows.map(({ code, balance }) => [code, balance]));
    },
    async numbers(table, seller) {
      const rows = await rowsOf<{ number: number }>(
        admin,
        `SELECT number FROM ${table} WHERE seller_wallet_id = '${seller}' ORDER BY number`,
      );
      return rows.map(({ number }) => number);
    },
  };
}

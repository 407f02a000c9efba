/**
 * The accounting's operations on an order, which its workflow calls as activities on the task queue `accounting`. Each is done once,
 * by a fence; a repeat returns what was done, and changes nothing. The books are the seller's.
 */
import type { Currency } from '../currency.ts';
import type { OrderId, ReturnId, TransferId, WalletId } from '../ids.ts';
import type { OrderLine } from '../order/order.ts';
import type { OfTenant } from '../tenant.ts';
import type { TraceContext } from '../trace-context.ts';

interface OfOrder extends OfTenant {
  readonly orderId: OrderId;
  readonly sellerWalletId: WalletId;
  readonly currency: Currency;
  readonly trace: TraceContext;
}

export interface InvoiceInput extends OfOrder {
  readonly n: number;
  readonly buyerWalletId: WalletId;
  readonly lines: readonly OrderLine[];
  readonly shippingAmount: string;
  /** The transfer that has paid it; without one, the invoice is due. */
  readonly paidBy?: TransferId;
}

export interface InvoiceAnswer {
  /** Gapless within the seller's invoices, from 1. */
  readonly number: number;
  readonly amount: string;
}

/** What was due is paid by this transfer, or will never be paid. */
export interface SettleDueInput extends OfOrder {
  readonly n: number;
  readonly settlement: { readonly how: 'collected'; readonly transferId: TransferId } | { readonly how: 'written_off' };
}

export interface CreditNoteInput extends OfOrder {
  readonly returnId: ReturnId;
  readonly lines: readonly OrderLine[];
}

/** The amount of a credit note is paid back by this transfer. */
export interface RefundPaidInput extends OfOrder {
  readonly returnId: ReturnId;
  readonly transferId: TransferId;
}

export interface AccountingOperations {
  readonly postInvoice: (input: InvoiceInput) => Promise<InvoiceAnswer>;
  readonly settleDue: (input: SettleDueInput) => Promise<void>;
  readonly postCreditNote: (input: CreditNoteInput) => Promise<InvoiceAnswer>;
  readonly postRefund: (input: RefundPaidInput) => Promise<void>;
}

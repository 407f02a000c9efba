/** The rows of an order that are compared: its own, the inventory's fences, its invoices. Decimals are strings. */
import type { OrderId, TransferId, WalletId } from '../../domain/ids.ts';
import type { CancelReason, GoodsState, MoneyState, OrderStatus, OrderTerms } from '../../domain/order/order.ts';
import type { Tenant } from '../../domain/tenant.ts';

export interface OrderRow {
  readonly id: OrderId;
  readonly tenant: Tenant;
  readonly status: OrderStatus;
  readonly cancel_reason: CancelReason | null;
  readonly compensating: boolean;
  readonly buyer: WalletId;
  readonly seller: WalletId;
  readonly currency: OrderTerms['currency'];
  readonly goods_amount: string;
  readonly shipping_amount: string;
  readonly allow_split: boolean;
  readonly reference: string | null;
  readonly metadata: Record<string, string> | null;
  readonly idempotency_key: string;
  /** Hex. */
  readonly body_hash: string;
  readonly lines: readonly {
    readonly line: number;
    readonly sku: string;
    readonly quantity: number;
    readonly unitPrice: string;
  }[];
  readonly consignments: readonly ConsignmentRow[];
  /** Whether a case of it is another tenant's, open or closed. */
  readonly has_case_of_another: boolean;
  /** Of the order as a whole, each once. */
  readonly steps: readonly string[];
}

export interface ConsignmentRow {
  readonly n: number;
  /** The numbers of the order's lines. */
  readonly lines: readonly number[];
  readonly goods: GoodsState;
  readonly money: MoneyState;
  readonly amount: string;
  readonly transferId: TransferId;
  readonly invoiceNumber: number | null;
}

export interface StepFence {
  readonly outcome: 'done' | 'refused' | 'undone';
  readonly detail: unknown;
}

export interface Invoice {
  readonly id: string;
  readonly tenant: string;
  readonly seller: string;
  readonly buyer: string;
  readonly number: number;
  readonly currency: string;
  readonly amount: string;
  readonly status: string;
  readonly transfer_id: string | null;
}

/**
 * The order service's own operations, which its workflows call as activities on the task queue `order`: writes of its rows, and the
 * money of an order, which moves over the public HTTP API. A repeat returns what is stored, and changes nothing.
 */
import type { Acting } from '../acting.ts';
import type { OrderId, ReturnId, ShipmentId, TransferId } from '../ids.ts';
import type { OfTenant } from '../tenant.ts';
import type { TraceContext } from '../trace-context.ts';
import type { CancelReason, Consignment, GoodsState, MoneyState, OrderStatus, OrderTerms } from './order.ts';

interface OfOrder {
  readonly orderId: OrderId;
  readonly trace: TraceContext;
}

/** A consignment as the row has it. */
export interface StoredConsignment extends Consignment {
  readonly goods: GoodsState;
  readonly money: MoneyState;
  readonly amount: string;
  readonly transferId: TransferId;
  readonly holdExpiresAtMs: number | null;
  readonly releaseReason: string | null;
  /** Of goods that have left; absent in the inputs of runs that started before it was kept. */
  readonly carrierReference?: string | null;
}

/** How far the order's row is. */
export interface StoredOrder {
  readonly status: OrderStatus;
  readonly cancelReason: CancelReason | null;
  readonly compensating: boolean;
  readonly consignments: readonly StoredConsignment[];
}

export interface ConfirmInput extends OfOrder {
  readonly consignments: readonly (Consignment & {
    readonly amount: string;
    readonly transferId: TransferId;
    readonly holdExpiresAtMs: number;
    readonly shipmentId: ShipmentId | null;
  })[];
  /** Goods have left for it, so it is confirmed although it was being undone. */
  readonly hasLeft?: true;
}

export interface UndoInput extends OfOrder {
  readonly reason: CancelReason;
}

export interface ConsignmentStep extends OfOrder {
  readonly n: number;
  readonly goods?: GoodsState;
  readonly money?: MoneyState;
  /** Of the transfer that has paid what was due. */
  readonly transferId?: TransferId;
  readonly carrierReference?: string;
  readonly releaseReason?: string;
  readonly invoiceNumber?: number;
}

export interface OrderEnd extends OfOrder {
  readonly status: Extract<OrderStatus, 'COMPLETED' | 'PARTLY_COMPLETED' | 'CANCELED'>;
  readonly cancelReason?: CancelReason;
}

export interface OrderAttention {
  readonly orderId: OrderId;
  /** A stable code; null once nothing needs attention any more. */
  readonly reason: string | null;
  readonly error?: string;
}

export const ORDER_ACTIONS = ['retry', 'collect_again', 'write_off'] as const;
export type OrderAction = (typeof ORDER_ACTIONS)[number];

export interface OrderResolution extends Acting {
  readonly action: OrderAction;
  readonly comment: string;
}

export interface LoggedResolution extends OrderResolution {
  readonly orderId: OrderId;
  /** Names the request, so that a repeat of the write changes nothing. */
  readonly requestKey: string;
}

export interface OrderRecords {
  /** Writes CONFIRMED with the consignments, unless the order is being undone or has ended. */
  readonly confirmOrder: (input: ConfirmInput) => Promise<StoredOrder>;
  /** Notes that the order is being undone, unless it is confirmed or has ended. */
  readonly undoOrder: (input: UndoInput) => Promise<StoredOrder>;
  readonly recordConsignment: (input: ConsignmentStep) => Promise<void>;
  /** Writes the end, unless it has ended already. */
  readonly recordOrderEnd: (input: OrderEnd) => Promise<StoredOrder>;
  readonly recordOrderAttention: (input: OrderAttention) => Promise<void>;
  readonly recordOrderAction: (input: LoggedResolution) => Promise<void>;
}

export interface AuthorizeInput extends OfOrder {
  readonly terms: OrderTerms;
  readonly n: number;
  readonly amount: string;
  readonly holdSeconds: number;
}

export type Authorized =
  | { readonly outcome: 'held'; readonly transferId: TransferId; readonly holdExpiresAtMs: number }
  /** `transferId` is that of a hold which was made, and holds nothing. */
  | { readonly outcome: 'refused'; readonly reason: string; readonly transferId?: TransferId };

/** `lost`: the hold has expired, or was canceled: it can never be captured. */
export type Captured = { readonly outcome: 'captured' | 'lost' };

export type Collected =
  | { readonly outcome: 'collected'; readonly transferId: TransferId }
  | { readonly outcome: 'refused'; readonly reason: string };

/** `closed`: nothing was collected, and nothing will be. */
export type CollectionClosed = Extract<Collected, { readonly outcome: 'collected' }> | { readonly outcome: 'closed' };

export interface OrderPayments {
  /** Holds the consignment's amount. Throws until it is known whether it is held. */
  readonly authorize: (input: AuthorizeInput) => Promise<Authorized>;
  readonly captureHold: (input: OfOrder & OfTenant & { readonly transferId: TransferId }) => Promise<Captured>;
  /**
   * Makes sure that the buyer has the money, whether the hold's creation has arrived, is under way, or will come. One that somebody
   * has captured by hand is reversed.
   */
  readonly voidHold: (input: AuthorizeInput) => Promise<void>;
  /** An ordinary transfer of the amount, for a hold that was lost. Refused for ever once the collection was closed. */
  readonly collect: (input: AuthorizeInput) => Promise<Collected>;
  /** Makes sure that nothing is collected any more, be a collection under way or one that arrives late. */
  readonly closeCollection: (input: AuthorizeInput) => Promise<CollectionClosed>;
}

export interface ReturnStep {
  readonly returnId: ReturnId;
  readonly trace: TraceContext;
  readonly creditNoteNumber?: number;
  /** The last reversal that pays it back. */
  readonly refundTransferId?: TransferId;
  readonly status?: 'REFUNDED' | 'REFUND_DUE';
}

export interface ReturnAttention {
  readonly returnId: ReturnId;
  /** As of an order. */
  readonly reason: string | null;
  readonly error?: string;
}

/** A part of a capture that goes back to the buyer. */
export interface RefundInput extends OfTenant {
  readonly returnId: ReturnId;
  readonly trace: TraceContext;
  /** The transfer that has paid, and how much of it goes back. */
  readonly transferId: TransferId;
  readonly amount: string;
}

/** `refused`: the seller's wallet cannot pay it now. */
export type RefundAnswer =
  | { readonly outcome: 'refunded'; readonly transferId: TransferId }
  | { readonly outcome: 'refused'; readonly reason: string };

export interface ReturnOperations {
  /** With REFUNDED, nothing needs attention any more. */
  readonly recordReturn: (input: ReturnStep) => Promise<void>;
  /** Shows nothing of a return that is REFUNDED. */
  readonly recordReturnAttention: (input: ReturnAttention) => Promise<void>;
  /** Reverses a part of what was paid. One that was refused before is tried again. */
  readonly refundReturn: (input: RefundInput) => Promise<RefundAnswer>;
}

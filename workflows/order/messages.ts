/**
 * The messages between the workflows of orders and the code that starts and watches them: ids, task queue, inputs, updates, signals.
 */
import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { InstallationId, OrderId, ReturnId, TransferId } from '../../domain/ids.ts';
import type { Issued } from '../../domain/inventory/operations.ts';
import type { OrderResolution, StoredOrder } from '../../domain/order/operations.ts';
import type { CancelReason, OrderLine, OrderStatus, OrderTerms } from '../../domain/order/order.ts';
import type { TraceContext } from '../../domain/trace-context.ts';

type Dispatch = 'ordinary' | 'local';

/** The task queue of the workflows of orders and returns, and of the order service's activities. */
export const ORDER_TASK_QUEUE = 'order';

export function orderWorkflowId(orderId: OrderId): string {
  return `order/${orderId}`;
}

export function returnWorkflowId(returnId: ReturnId): string {
  return `return/${returnId}`;
}

export interface OrderInput {
  readonly terms: OrderTerms;
  /** Milliseconds since 1970: when the order is given up unless it is confirmed. */
  readonly deadlineMs: number;
  /** How long a hold lasts; and how long before its end goods may leave at the latest. */
  readonly holdSeconds: number;
  readonly marginSeconds: number;
  /** Part of the input, so that a replay takes the same way even if the setting has changed. */
  readonly dispatch: Dispatch;
  readonly trace: TraceContext;
  readonly installationId: InstallationId;
  /** How far the row was, if a run before this one had brought it further than its acceptance. */
  readonly stored?: StoredOrder;
}

export interface OrderOutcome {
  readonly status: OrderStatus;
  readonly cancelReason: CancelReason | null;
}

export interface OrderReconciliationInput {
  readonly installationId: InstallationId;
  /** What has been reserved for less is left alone. */
  readonly olderThanSeconds: number;
  /** Of a run that goes on: the last order that was looked at. */
  readonly after?: OrderId | undefined;
}

export interface ReturnInput {
  readonly returnId: ReturnId;
  readonly terms: Pick<OrderTerms, 'orderId' | 'sellerWalletId' | 'currency' | 'tenant'>;
  readonly lines: readonly (OrderLine & { readonly disposition: 'restock' | 'scrap' })[];
  /** The transfer that has paid for the goods, and how much of it goes back. */
  readonly paidBy: TransferId;
  readonly amount: string;
  readonly trace: TraceContext;
  readonly dispatch: Dispatch;
  readonly installationId: InstallationId;
}

/**
 * Hands a consignment over to the carrier: the goods leave unless they were released. Returns what the pivot has decided; undefined
 * if it has not within the time that a request may take, and then it goes on. Refused with `not_confirmed` or `no_such_consignment`.
 */
export const handOverUpdate = defineUpdate<
  Issued | undefined,
  [{ readonly n: number; readonly carrierReference: string }]
>('handOver');

/**
 * Cancels what has not left: a consignment is released unless its goods are issued. Returns once that is decided. Refused with
 * `not_cancelable` if everything has left, or the order has ended otherwise.
 */
export const cancelOrderUpdate = defineUpdate<void>('cancel');

/** Takes an operator's action on an order that waits for one. Refused with `not_resolvable`. */
export const resolveOrderUpdate = defineUpdate<void, [OrderResolution]>('resolve');

/** Says that the carrier has reported something about a consignment. If it is lost, the workflow finds out later by asking. */
export const shipmentMovedSignal = defineSignal<[{ readonly n: number }]>('shipmentMoved');

/** The types of the failures that refuse an update. */
export type OrderRefusal = 'not_confirmed' | 'no_such_consignment' | 'not_cancelable' | 'not_resolvable';

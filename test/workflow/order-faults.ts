/** The faults that a test of an order asks for, and the names of the activities that they strike. */
import type { AccountingOperations } from '../../domain/accounting/operations.ts';
import type { DeliveryOperations } from '../../domain/delivery/operations.ts';
import type { InventoryOperations } from '../../domain/inventory/operations.ts';
import type { OrderPayments, OrderRecords, ReturnOperations } from '../../domain/order/operations.ts';

export type OrderActivities = InventoryOperations &
  DeliveryOperations &
  AccountingOperations &
  OrderRecords &
  OrderPayments &
  ReturnOperations;
export type OrderActivity = keyof OrderActivities;

export interface OrderFaults {
  /** On the shelf of each SKU at first; 100 without it. */
  readonly onHand?: number;
  /** The consignments whose payment, or whose booking, is refused. */
  readonly refuse?: { readonly payment?: number; readonly booking?: number };
  /** Why a collection or a refund is refused now; a test may change it. */
  readonly unpaid?: { collection?: string; refund?: string };
  /** When the goods arrive: at the hand-over, when they are looked for, or once the test says so. */
  readonly arrival?: 'at_once' | 'seen' | 'reported';
  /** How far the inventory's clock is ahead of the others. */
  readonly clockAheadMs?: number;
  /** As of services.ts. */
  readonly before?: (name: OrderActivity, nth: number) => Promise<void> | void;
  readonly after?: (name: OrderActivity, nth: number) => Promise<void> | void;
}

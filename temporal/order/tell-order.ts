/** Tells the workflow of an order that the carrier has reported something. If that is lost, the workflow finds out by asking. */
import type { Client } from '@temporalio/client';
import type { OrderId } from '../../domain/ids.ts';
import { orderWorkflowId, shipmentMovedSignal } from '../../workflows/order/messages.ts';

export function tellShipmentMoved(client: Client, orderId: OrderId, n: number): void {
  const handle = client.workflow.getHandle(orderWorkflowId(orderId));
  void handle.signal(shipmentMovedSignal, { n }).catch(() => {});
}

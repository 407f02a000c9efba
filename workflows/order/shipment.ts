/** The delivery of a consignment whose goods have left, until they have arrived. */
import { condition, patched } from '@temporalio/workflow';
import type { ShipmentState } from '../../domain/delivery/operations.ts';
import type { StoredConsignment } from '../../domain/order/operations.ts';
import { sameTenant } from '../../domain/tenant.ts';
import { DELIVERY_TASK_QUEUE } from '../delivery/messages.ts';
import type { Attention } from './attention.ts';
import { ORDER_TASK_QUEUE, type OrderInput } from './messages.ts';

export interface Shipment {
  /** To be called when the carrier has reported something. */
  readonly moved: () => void;
  /** Runs until the goods have arrived. */
  readonly run: (carrierReference: string) => Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function createShipment(
  { terms, trace, stored: before }: Pick<OrderInput, 'terms' | 'trace' | 'stored'>,
  stored: StoredConsignment,
  { insist }: Attention,
): Shipment {
  const own = { orderId: terms.orderId, n: stored.n, trace };
  const booked = { ...own, lines: stored.lines, ...sameTenant(terms) };
  let movements = 0;

  return {
    moved: () => {
      movements += 1;
    },
    run: deliver,
  };

  /** For a delivery that was restored from before the booking. Replay depends on the number of microtasks elsewhere. */
  async function bookAgain(): Promise<void> {
    await insist('book', DELIVERY_TASK_QUEUE, booked);
  }

  async function deliver(carrierReference: string): Promise<void> {
    if (stored.goods === 'DELIVERED') return;
    // Counted before each look, so that what is reported while the answer is under way has it looked at again.
    let seen = movements;
    const handedOver = { ...booked, carrierReference };
    if (before !== undefined && patched('booked-again')) await bookAgain();
    let shipment: ShipmentState | undefined = await insist('handOver', DELIVERY_TASK_QUEUE, handedOver);
    // A signal says when to look; one that is lost is made up for by the time.
    for (let pauseMs = HOUR_MS; shipment?.status !== 'DELIVERED'; pauseMs = Math.min(2 * pauseMs, DAY_MS)) {
      await condition(() => movements > seen, pauseMs);
      seen = movements;
      shipment = await insist('shipmentOf', DELIVERY_TASK_QUEUE, own);
      const isLost = shipment === undefined || shipment.status === 'BOOKED';
      if (!isLost || !patched('handed-over-again')) continue;
      if (shipment === undefined) await bookAgain();
      shipment = await insist('handOver', DELIVERY_TASK_QUEUE, handedOver);
    }
    await insist('recordConsignment', ORDER_TASK_QUEUE, { ...own, goods: 'DELIVERED' });
  }
}

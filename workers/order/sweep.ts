/**
 * The sweep of orders: it starts the workflows of orders and returns that were accepted and are not known to be started, because the
 * API died between the two, or Temporal did not confirm in time. A second start finds the first. Any number of sweeps may run.
 */
import type { Database } from '../../db/database.ts';
import { claimDueOrders, findOrder, noteOrdersStarted } from '../../db/order/queries.ts';
import { claimDueReturns, noteReturnsStarted } from '../../db/order/returns.ts';
import { LATE, within } from '../../process/deadline.ts';
import type { RunningService } from '../../process/run-service.ts';
import type { Logger } from '../../process/telemetry.ts';
import { startOrder, startReturn, type OrderStarter } from '../../temporal/order/start-order.ts';
import { repeatUntilStopped } from '../repeat.ts';

const INTERVAL_MS = 2_000;
const START_LIMIT_MS = 2_000;
/** A start that was not confirmed is tried again after the lease, when others have had their turn. */
const CLAIM = { limit: 50, leaseSeconds: 10 };

export function startOrderSweep({
  database,
  starter,
  logger,
}: {
  database: Database;
  starter: OrderStarter;
  logger: Logger;
}): RunningService {
  return repeatUntilStopped(INTERVAL_MS, async (stopping) => {
    try {
      while (!stopping.aborted && (await sweep()) >= CLAIM.limit);
    } catch (error) {
      logger.warn({ err: error }, 'the sweep of orders failed, the next one repeats it');
    }
  });

  async function sweep(): Promise<number> {
    const orders = await startAll(await claimDueOrders(database, CLAIM), (row) => startOrder(starter, row));
    await noteOrdersStarted(
      database,
      orders.map(({ orderId }) => orderId),
    );
    const returns = await startAll(await claimDueReturns(database, CLAIM), async (row) => {
      const order = await findOrder(database, row.orderId);
      await startReturn(starter, row, order!);
    });
    await noteReturnsStarted(
      database,
      returns.map(({ returnId }) => returnId),
    );
    return orders.length + returns.length;
  }

  /** Returns the rows whose workflows are now known to be started. */
  async function startAll<Row>(rows: readonly Row[], start: (row: Row) => Promise<void>): Promise<Row[]> {
    const confirmed = await Promise.all(
      rows.map(async (row) => {
        try {
          const attempt = starter.client.withDeadline(Date.now() + START_LIMIT_MS, () => start(row));
          return (await within(START_LIMIT_MS, attempt)) !== LATE;
        } catch (error) {
          logger.warn({ err: error }, 'an order or a return could not be started now: a later sweep will');
          return false;
        }
      }),
    );
    return rows.filter((_, index) => confirmed[index]);
  }
}

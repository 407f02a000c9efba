/**
 * The reconciliation of orders, for what no workflow will ever do any more. An order or a return that is open, has not changed for
 * minutes and has no open workflow is started again from its row. A hold whose order has ended is settled as the row says, and so is
 * what is reserved, by a workflow that asks the inventory (workflows/order/reconciliation.ts). It goes round in pages, so that it costs
 * the same however many orders are open; a repeat changes nothing, and any number may run.
 */
import type { Database } from '../../db/database.ts';
import { findOrder, listOpenOrders, tenantAfter, type Order } from '../../db/order/queries.ts';
import { listOpenReturns, type Return } from '../../db/order/returns.ts';
import type { OrderPayments } from '../../domain/order/operations.ts';
import { hasOrderEnded, ORDER_STATUS_RANKS } from '../../domain/order/order.ts';
import { DEFAULT_TENANT, ofTenant, tenantOf } from '../../domain/tenant.ts';
import { LATE, within } from '../../process/deadline.ts';
import type { RunningService } from '../../process/run-service.ts';
import type { Logger } from '../../process/telemetry.ts';
import {
  isWorkflowRunning,
  openRunOf,
  startOrderReconciliation,
  type OpenRun,
} from '../../temporal/order/order-workflows.ts';
import { startOrder, startReturn, type OrderStarter } from '../../temporal/order/start-order.ts';
import { orderWorkflowId, returnWorkflowId } from '../../workflows/order/messages.ts';
import { repeatUntilStopped } from '../repeat.ts';
import type { Hold, Holds } from './holds.ts';

const PAUSE_MS = 10_000;
const CALL_LIMIT_MS = 5_000;
const PAGE = { limit: 100, unchangedSeconds: 120 };
/** For those that are being voided or captured now. */
const HOLD_AGE_MS = 300_000;
const RESERVATIONS_EVERY_MS = 300_000;
/** What is reserved now may be for an order that is just being undone. */
const RESERVED_SECONDS = 300;

interface Deps {
  readonly database: Database;
  readonly starter: OrderStarter;
  readonly holds: Holds;
  readonly payments: Pick<OrderPayments, 'captureHold'>;
  readonly logger: Logger;
}

export function startOrderReconciliations(deps: Deps): RunningService {
  const rounds = createRounds(deps);
  let reservationsAt = performance.now();
  return repeatUntilStopped(PAUSE_MS, async (stopping) => {
    for (const kind of ['orders', 'returns', 'holds'] as const) {
      if (stopping.aborted) return;
      await attempt(() => rounds[kind]());
    }
    if (performance.now() - reservationsAt < RESERVATIONS_EVERY_MS) return;
    reservationsAt = performance.now();
    await attempt(() => rounds.reservations());
  });

  async function attempt(round: () => Promise<void>): Promise<void> {
    try {
      await round();
    } catch (error) {
      deps.logger.warn({ err: error }, 'the reconciliation of orders failed, a later round repeats it');
    }
  }
}

/** One page of each kind a call, and from the beginning again after the last one. */
export function createRounds(deps: Deps) {
  const { database, starter, holds, logger } = deps;
  const { client } = starter;
  const places: { order?: string; return?: string; hold?: string | undefined } = {};
  /** Whose holds are looked at: one tenant after the other. */
  let tenant = DEFAULT_TENANT;

  return {
    orders: async (): Promise<void> => {
      const page = await listOpenOrders(database, { ...PAGE, after: places.order ?? NIL });
      places.order = page.length < PAGE.limit ? NIL : page.at(-1)!.orderId;
      await forEach(page, startAgain);
    },

    returns: async (): Promise<void> => {
      const page = await listOpenReturns(database, { ...PAGE, after: places.return ?? NIL });
      places.return = page.length < PAGE.limit ? NIL : page.at(-1)!.returnId;
      await forEach(page, startReturnAgain);
    },

    holds: async (): Promise<void> => {
      const whose = tenant;
      const from = places.hold;
      // Before they are asked for: a tenant whose holds cannot be had now waits for its next turn, and holds up none of the others.
      tenant = await tenantAfter(database, whose);
      places.hold = undefined;
      const page = await holds.page(ofTenant(whose), from);
      if (page.next !== undefined) {
        tenant = whose;
        places.hold = page.next;
      }
      await forEach(page.holds, (hold) => settleHold(deps, hold));
    },

    reservations: () => forEach([RESERVED_SECONDS], (seconds) => startOrderReconciliation(starter, seconds)),
  };

  /** One that fails, or that Temporal does not answer in time, holds up none of the others: it comes again in the next turn. */
  async function forEach<Row>(rows: readonly Row[], work: (row: Row) => Promise<void>): Promise<void> {
    for (const row of rows) {
      try {
        const call = client.withDeadline(Date.now() + CALL_LIMIT_MS, () => work(row));
        if ((await within(CALL_LIMIT_MS, call)) === LATE) throw new Error(`no answer within ${CALL_LIMIT_MS} ms`);
      } catch (error) {
        logger.warn({ err: error }, 'an order, a return or a hold could not be reconciled now: a later round will');
      }
    }
  }

  async function startAgain(row: Order): Promise<void> {
    const run = await openRunOf(client, orderWorkflowId(row.orderId));
    // Read after the run, which writes its row first: only a row that was restored since is behind what the run shows.
    const latest = await findOrder(database, row.orderId);
    if (latest === undefined || hasOrderEnded(latest)) return;
    if (run !== undefined && !isBehind(latest, run)) return;
    await run?.terminate('its order was restored from before what it has done');
    await startOrder(starter, latest);
    const of = { order_id: row.orderId, status: latest.status };
    if (run === undefined) logger.warn(of, 'an order had no workflow: it was started again');
    else logger.warn({ ...of, shown: run.shown }, 'an order was behind its workflow: another one goes on from its row');
  }

  async function startReturnAgain(row: Return): Promise<void> {
    if (await isWorkflowRunning(client, returnWorkflowId(row.returnId))) return;
    await startReturn(starter, row, (await findOrder(database, row.orderId))!);
    logger.warn({ return_id: row.returnId }, 'a return had no workflow: it was started again');
  }
}

/** Of an order that does not exist nobody knows whether its goods have left: its hold ends by itself. */
async function settleHold({ database, holds, payments, logger }: Deps, hold: Hold): Promise<void> {
  const { orderId, n, transferId, createdAtMs } = hold;
  if (Date.now() - createdAtMs < HOLD_AGE_MS) return;
  const row = await findOrder(database, orderId, tenantOf(hold));
  const of = { order_id: orderId, consignment: n, transfer_id: transferId };
  if (row === undefined) return logger.warn(of, 'a hold is for an order that does not exist: it ends by itself');
  if (!hasOrderEnded(row)) return;
  const isTaken = row.consignments.find((each) => each.n === n)?.money === 'CAPTURED';
  const trace = { requestId: row.requestId };
  if (isTaken) await payments.captureHold({ orderId, transferId, trace, ...ofTenant(row.tenant) });
  else await holds.cancel(hold);
  logger.warn({ ...of, status: row.status }, 'a hold was left of an order that has ended: it was settled');
}

/** Not behind a run of another body, whose row was lost: that one is asked to end, and ends as its goods and money are. */
function isBehind({ status, bodyHash }: Order, { shown = status, bodyHash: ran = bodyHash }: OpenRun): boolean {
  return ran === bodyHash && ORDER_STATUS_RANKS[status] < ORDER_STATUS_RANKS[shown];
}

const NIL = '00000000-0000-0000-0000-000000000000';

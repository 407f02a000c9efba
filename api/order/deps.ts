/** What the routes of orders need, and what they share. */
import type { Client } from '@temporalio/client';
import type { Context } from 'hono';
import type { Database } from '../../db/database.ts';
import { findOrder, type Order } from '../../db/order/queries.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { TemporalMonitor } from '../../temporal/health.ts';
import type { OrderStarter } from '../../temporal/order/start-order.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { Starts } from '../http/bound-starts.ts';
import type { ApiEnv } from '../http/env.ts';
import { ProblemError, type ProblemCode } from '../http/problem.ts';
import { BODY_PROBLEMS } from '../http/problem-schema.ts';

export interface OrderDeps {
  /** The order service's. */
  readonly database: Database;
  /** On whose connection a call can be given up. */
  readonly client: Client;
  readonly starter: OrderStarter;
  readonly starts: Starts;
  readonly monitor: TemporalMonitor;
  /** From an order's acceptance until it is given up unless it is confirmed. */
  readonly deadlineSeconds: number;
  readonly holdSeconds: number;
  /** Aborts when the server stops, so that requests that wait are answered. */
  readonly draining: AbortSignal;
}

/** The problems of every request to an order. */
export const ASKING_PROBLEMS = [
  'order_not_found',
  'order_id_invalid',
  ...BODY_PROBLEMS,
  'database_unavailable',
  'orders_not_configured',
  'temporal_unavailable',
] as const;

/** The order, if it is the asking tenant's. */
export async function existingOrder(c: Context<ApiEnv>, database: Database, id: OrderId): Promise<Order> {
  c.var.log.setBindings({ order_id: id });
  const row = await boundedQuery(database, () => findOrder(database, id, c.var.holder.tenant));
  if (row === undefined) throw new ProblemError('order_not_found', { detail: `There is no order ${id}.` });
  return row;
}

/** The refusal of a new order or return while Temporal is known to be down; nothing has been stored. */
export function refuseWhileDown(monitor: TemporalMonitor): void {
  if (!monitor.isDown()) return;
  throw new ProblemError('temporal_unavailable', {
    detail: 'Nothing was stored. Try again, with the same Idempotency-Key.',
  });
}

export function keyReused(): ProblemError {
  return new ProblemError('idempotency_key_reused', {
    detail: 'The key was used with another body, and what it names has not been changed.',
  });
}

/** The order after a request was sent to its workflow. */
export function orderNow(database: Database, { orderId }: Order): Promise<Order> {
  return boundedQuery(database, async () => (await findOrder(database, orderId))!, { isWrite: true });
}

/** The refusal of an action, with the order's state that does not allow it. */
export function refused(code: ProblemCode, { orderId, status }: Order): ProblemError {
  return new ProblemError(code, {
    detail: `The order is ${status}.`,
    members: { order_id: orderId, order_status: status },
  });
}

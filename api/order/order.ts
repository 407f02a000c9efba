/**
 * The routes of orders: accept one and show it; list.ts lists them. They are the first step of an order's path; the next is
 * workflows/order/order.ts.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AmountPrecision } from '../../domain/amount-precision.ts';
import { acceptOrder, type AskedOrder, type OrderRefusal } from '../../db/order/acceptance.ts';
import { findOrder, isPending, type Order } from '../../db/order/queries.ts';
import type { OrderCounts } from '../../domain/order/order-counts.ts';
import { startOrder } from '../../temporal/order/start-order.ts';
import type { MovementNotifier } from '../../temporal/movement-notifier.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { orderIdField } from '../http/fields.ts';
import { idempotencyKeyHeader } from '../http/idempotency-key.ts';
import { preferHeader, waitForRow, waitPreference } from '../http/prefer-wait.ts';
import { faultyRequest, type Fault } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { bodyFault } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { orderAnswer, renderOrder } from './answer.ts';
import { existingOrder, keyReused, refuseWhileDown, type OrderDeps } from './deps.ts';
import { askedOrder, faultsOfNew, orderRequest } from './order-request.ts';

const tags = ['Orders'];
const content = { 'application/json': { schema: orderAnswer } };
const params = z.object({ order_id: orderIdField });
const oneProblems = ['order_not_found', 'order_id_invalid', 'database_unavailable', 'orders_not_configured'] as const;

const post = createRoute({
  method: 'post',
  path: '/v1/orders',
  operationId: 'createOrder',
  summary: 'Place an order',
  tags,
  description: `Accepts the order at the present prices and answers 202; the order is PENDING. Its goods are then reserved, all or
none, the buyer's money is held, and the delivery is booked: the order is CONFIRMED. If any of these is refused, everything is undone
and the order is CANCELED with a \`cancel_reason\`. Read it again later, or send \`Prefer: wait=N\` to get the answer when it is
CONFIRMED or has ended.

The money is taken when the goods leave: see \`POST /v1/orders/{order_id}/consignments/{n}/hand-over\`.`,
  middleware: [requiresInTenant('orders:write'), readJson] as const,
  request: {
    headers: z.object({ 'Idempotency-Key': idempotencyKeyHeader, ...preferHeader }),
    body: { required: true, content: { 'application/json': { schema: orderRequest } } },
  },
  responses: {
    200: { description: 'The client waited, and the order is CONFIRMED or has ended.', content },
    202: { description: 'Accepted: the order runs to its end.', content },
    ...problemResponses(
      'idempotency_key_missing',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      ...BODY_PROBLEMS,
      'field_missing',
      'wallet_id_invalid',
      'same_wallet',
      'currency_invalid',
      'lines_invalid',
      'sku_invalid',
      'sku_repeated',
      'quantity_invalid',
      'amount_invalid',
      'amount_too_precise',
      'amount_too_large',
      'flag_invalid',
      'too_long',
      'character_forbidden',
      'metadata_invalid',
      'sku_unknown',
      'currency_mismatch',
      'price_changed',
      'database_unavailable',
      'orders_not_configured',
      'temporal_unavailable',
    ),
  },
});

const get = createRoute({
  method: 'get',
  path: '/v1/orders/{order_id}',
  operationId: 'getOrder',
  summary: 'An order',
  tags,
  middleware: requiresInTenant('orders:read'),
  request: { params },
  responses: { 200: { description: 'The order as it is now.', content }, ...problemResponses(...oneProblems) },
});

/** The longest wait for the start of a workflow, unless the client prefers a shorter one. */
const START_LIMIT_MS = 1_500;
const LOOK_EVERY_MS = 100;

export interface PlacingDeps extends OrderDeps {
  readonly amountPrecision: AmountPrecision;
  readonly counts: OrderCounts;
  /** The news of orders, where the worker runs in this process. */
  readonly notifier: MovementNotifier<Order> | undefined;
}

export function orderRoutes(deps: PlacingDeps) {
  const { database, starter, starts, monitor, draining, deadlineSeconds, holdSeconds } = deps;

  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const receivedAt = performance.now();
      const idempotencyKey = c.req.valid('header')['Idempotency-Key'];
      const asked = askedOrder(c.var.holder.tenant, idempotencyKey, c.req.valid('json'), {
        deadlineSeconds,
        holdSeconds,
      });
      c.var.log.setBindings({ order_id: asked.orderId });
      const { row, isNew } = await storeOnce(c, asked);
      if (!isNew) c.header('Idempotent-Replayed', 'true');
      c.header('Location', `/v1/orders/${asked.orderId}`);
      const waitSeconds = waitPreference(c.req.header('prefer'));
      const waitMs = (waitSeconds ?? 0) * 1_000;
      const start = () => startOrder(starter, row);
      if (isNew)
        await starts.start(
          start,
          waitSeconds === undefined ? START_LIMIT_MS : Math.min(START_LIMIT_MS, waitMs),
          c.var.log,
        );
      if (waitSeconds === undefined) return c.json(renderOrder(row), 202);

      const isWaitOver = ({ status }: Order): boolean => status !== 'PENDING';
      const latest = c.var.slot.becomeWaiter()
        ? await waited(c, deps, row, isWaitOver, waitMs - (performance.now() - receivedAt))
        : row;
      if (!draining.aborted || isWaitOver(latest)) c.header('Preference-Applied', `wait=${waitSeconds}`);
      return c.json(renderOrder(latest), isWaitOver(latest) ? 200 : 202);
    })
    .openapi(get, async (c) => {
      const { order_id: id } = c.req.valid('param');
      return c.json(renderOrder(await existingOrder(c, database, id)), 200);
    });

  /** Returns the row that the key names, and whether this request stored it. */
  async function storeOnce(
    c: Context<ApiEnv>,
    asked: AskedOrder,
  ): Promise<{ readonly row: Order; readonly isNew: boolean }> {
    const find = (): Promise<Order | undefined> => findOrder(database, asked.orderId);
    const known = await boundedQuery(database, find);
    if (known === undefined) {
      const [fault, ...faults] = faultsOfNew(asked, deps.amountPrecision);
      if (fault !== undefined) throw faultyRequest([fault, ...faults]);
      refuseWhileDown(monitor);
      const stored = await boundedQuery(database, () => acceptOrder(database, asked, c.var.trace), { isWrite: true });
      if (stored !== undefined && 'refused' in stored) throw faultyRequest(faultsOf(stored));
      if (stored !== undefined) {
        deps.counts.placed();
        return { row: stored, isNew: true };
      }
    }
    const row = known ?? (await boundedQuery(database, find))!;
    if (row.bodyHash !== asked.bodyHash) throw keyReused();
    return { row, isNew: false };
  }
}

/** Returns the order once the wait is over, or as it is when the time is up. */
function waited(
  c: Context<ApiEnv>,
  { database, draining, notifier }: PlacingDeps,
  row: Order,
  isWaitOver: (row: Order) => boolean,
  limitMs: number,
): Promise<Order> {
  return waitForRow({
    ...{ row, isWaitOver, limitMs },
    look: async () => ((await isPending(database, row.orderId)) ? undefined : findOrder(database, row.orderId)),
    // The workflow goes on after the confirmation, so its end is no news; without any, the row is looked at more often.
    untilNews: (signal) =>
      notifier?.next(orderWorkflowId(row.orderId), isWaitOver, signal) ?? new Promise<never>(() => {}),
    signal: AbortSignal.any([c.req.raw.signal, draining]),
    ...(notifier === undefined ? { everyMs: LOOK_EVERY_MS } : {}),
  });
}

function faultsOf(refusal: OrderRefusal): [Fault, ...Fault[]] {
  switch (refusal.refused) {
    case 'sku_unknown':
    case 'currency_mismatch': {
      const [first, ...others] = refusal.lines.map((line) => bodyFault(refusal.refused, ['lines', line, 'sku']));
      return [first!, ...others];
    }
    case 'amount_too_large':
      return [bodyFault('amount_too_large', ['lines'])];
    case 'price_changed':
      return [bodyFault('price_changed', ['expected_total'], `The total is ${refusal.total} by now.`)];
  }
}

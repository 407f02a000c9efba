/** The routes that act on an order: cancel it, hand a consignment over, resolve what waits for an operator. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Database } from '../../db/database.ts';
import { findOrder, type Order } from '../../db/order/queries.ts';
import { logOrderRequest, type OrderRequest } from '../../db/order/request-log.ts';
import { recordConsignment } from '../../db/order/state.ts';
import type { OrderId } from '../../domain/ids.ts';
import { CONSIGNMENTS_MAX, hasOrderEnded } from '../../domain/order/order.ts';
import { cancelOrderUpdate, handOverUpdate } from '../../workflows/order/messages.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { orderIdField, textField } from '../http/fields.ts';
import { settlesMoney } from '../http/load-limits.ts';
import { preferHeader, waitForRow, waitPreference } from '../http/prefer-wait.ts';
import { ProblemError } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { readJson, readJsonOrNothing } from '../http/request-body.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { orderAnswer, renderOrder } from './answer.ts';
import { askOrder } from './ask-order.ts';
import { ASKING_PROBLEMS, existingOrder, orderNow, refused, type OrderDeps } from './deps.ts';

const tags = ['Orders'];
const content = { 'application/json': { schema: orderAnswer } };
const params = z.object({ order_id: orderIdField });
const nothing = z.strictObject({}, { error: faultCode('body_invalid') });
const undecided = {
  description: 'Taken, and not decided by the time that the client waits: it goes on. Repeat it.',
  content,
};

const cancel = createRoute({
  method: 'post',
  path: '/v1/orders/{order_id}/cancel',
  operationId: 'cancelOrder',
  summary: 'Cancel an order, or what has not left of it',
  tags,
  description: `Before the order is confirmed, everything is undone. After that, each consignment whose goods have not left is
released, and its hold voided. If a cancel and a hand-over come at once, exactly one of them happens, and both are told which.
Refused with \`order_not_cancelable\` if all of its goods have left, or it has ended otherwise. A repeat is safe.`,
  middleware: [requiresInTenant('orders:write'), settlesMoney, readJsonOrNothing] as const,
  request: { params, headers: z.object(preferHeader), body: { content: { 'application/json': { schema: nothing } } } },
  responses: {
    200: { description: 'Canceled, or what could be: the order as it is now.', content },
    202: undecided,
    ...problemResponses(...ASKING_PROBLEMS, 'order_not_cancelable'),
  },
});

const handOver = createRoute({
  method: 'post',
  path: '/v1/orders/{order_id}/consignments/{n}/hand-over',
  operationId: 'handOverConsignment',
  summary: 'Hand a consignment over to the carrier',
  tags,
  description: `To be asked before the goods leave. With 200 they may, and the money is taken; with \`consignment_released\` or
\`hold_expiring\` they must stay, because they are back in stock and the hold is voided. A repeat with the same reference is safe.`,
  middleware: [requiresInTenant('orders:write'), settlesMoney, readJson] as const,
  request: {
    params: params.extend({
      n: z
        .string()
        .regex(/^\d{1,4}$/, 'consignment_invalid')
        .transform(Number)
        .openapi({ type: 'integer', minimum: 1, maximum: CONSIGNMENTS_MAX, example: 1 }),
    }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              { carrier_reference: textField(255).refine((text) => text.trim() !== '', 'too_short') },
              { error: faultCode('body_invalid') },
            )
            .openapi('HandOver', { example: { carrier_reference: 'JD014600003210983711' } }),
        },
      },
    },
  },
  responses: {
    200: { description: 'The goods may leave.', content },
    202: undecided,
    ...problemResponses(
      ...ASKING_PROBLEMS,
      'consignment_not_found',
      'consignment_invalid',
      'field_missing',
      'text_invalid',
      'too_short',
      'too_long',
      'order_not_confirmed',
      'consignment_released',
      'hold_expiring',
      'handed_over_otherwise',
    ),
  },
});

const SHOWN_SECONDS_DEFAULT = 2;

export function orderActionRoutes(deps: OrderDeps) {
  const { database, draining } = deps;
  const find = (order: Order): Promise<Order> => orderNow(database, order);
  const log = (c: Context<ApiEnv>, { orderId }: Order, request: OrderRequest): Promise<void> =>
    boundedQuery(database, () => logOrderRequest(database, orderId, request, byWhom(c)), { isWrite: true });

  return new OpenAPIHono<ApiEnv>()
    .openapi(cancel, async (c) => {
      const receivedAt = performance.now();
      const before = await existingOrder(c, database, c.req.valid('param').order_id);
      const known = cancelOutcome(before);
      if (known === 'canceled') return c.json(renderOrder(before), 200);
      if (known === 'too_late') throw refused('order_not_cancelable', before);
      await log(c, before, { action: 'cancel' });
      const answer = await askOrder(c, deps, before, cancelOrderUpdate);
      if (answer.outcome === 'refused') throw refused('order_not_cancelable', await find(before));
      const waitMs = (waitPreference(c.req.header('prefer')) ?? SHOWN_SECONDS_DEFAULT) * 1_000;
      const row = await waitForRow({
        row: await find(before),
        isWaitOver: (seen) => cancelOutcome(seen) !== undefined,
        look: () => findOrder(database, before.orderId),
        untilNews: () => new Promise(() => {}),
        limitMs: waitMs - (performance.now() - receivedAt),
        signal: AbortSignal.any([c.req.raw.signal, draining]),
        everyMs: 100,
      });
      const outcome = cancelOutcome(row);
      if (outcome === 'too_late') throw refused('order_not_cancelable', row);
      return c.json(renderOrder(row), outcome === 'canceled' ? 200 : 202);
    })
    .openapi(handOver, async (c) => {
      const { order_id: id, n } = c.req.valid('param');
      const { carrier_reference: carrierReference } = c.req.valid('json');
      const before = await existingOrder(c, database, id);
      const isThere = before.consignments.some((each) => each.n === n);
      if (!isThere && before.status !== 'PENDING') throw noConsignment(n);
      const known = told(before);
      if (known !== undefined) return c.json(renderOrder(known), 200);
      if (before.status !== 'CONFIRMED') throw refused('order_not_confirmed', before);
      await log(c, before, { action: 'hand_over', n, carrierReference });
      const answer = await askOrder(c, deps, before, handOverUpdate, { n, carrierReference });
      if (answer.outcome === 'refused') {
        if (answer.refusal === 'no_such_consignment') throw noConsignment(n);
        throw refused('order_not_confirmed', await find(before));
      }
      const issued = answer.outcome === 'taken' && answer.result?.outcome === 'issued' ? answer.result : undefined;
      if (issued !== undefined) await noteIssued(c, database, { orderId: id, n, ...issued });
      const row = await find(before);
      if (answer.outcome === 'ended') return c.json(renderOrder(told(row) ?? row), 200);
      const decided = answer.result;
      if (decided === undefined) return c.json(renderOrder(row), 202);
      if (decided.outcome === 'released')
        throw refused(decided.reason === 'hold_expiring' ? 'hold_expiring' : 'consignment_released', row);
      if (decided.carrierReference !== carrierReference) throw refused('handed_over_otherwise', row);
      return c.json(renderOrder(row), 200);

      /** The order, if its row says already that the goods have left so; throws if they have not, or not so. */
      function told(order: Order): Order | undefined {
        const consignment = order.consignments.find((each) => each.n === n);
        if (consignment?.goods === 'RELEASED')
          throw refused(
            consignment.releaseReason === 'hold_expiring' ? 'hold_expiring' : 'consignment_released',
            order,
          );
        if (consignment === undefined || consignment.goods === 'RESERVED') return undefined;
        if (consignment.carrierReference !== carrierReference) throw refused('handed_over_otherwise', order);
        return order;
      }
    });
}

/** The workflow writes the same a little later. Until then, nobody who has been told that the goods may leave reads otherwise. */
function noteIssued(
  c: Context<ApiEnv>,
  database: Database,
  {
    orderId,
    n,
    carrierReference,
  }: { readonly orderId: OrderId; readonly n: number; readonly carrierReference: string },
): Promise<void> {
  const issued = { orderId, n, goods: 'ISSUED' as const, carrierReference, trace: c.var.trace };
  return boundedQuery(database, () => recordConsignment(database, issued), { isWrite: true });
}

/**
 * What has become of a cancel, by the order's row: `canceled`, also if a part had left before; `too_late`, if nothing was left to cancel;
 * undefined while that is not decided. An order that is released whole is about to be CANCELED.
 */
function cancelOutcome(order: Order): 'canceled' | 'too_late' | undefined {
  const { consignments } = order;
  const isDecided =
    consignments.every(({ goods }) => goods !== 'RESERVED') && consignments.some(({ goods }) => goods !== 'RELEASED');
  const isInPart = isDecided && consignments.some(({ releaseReason }) => releaseReason === 'canceled');
  if (order.status === 'CANCELED' || isInPart) return 'canceled';
  return hasOrderEnded(order) || isDecided ? 'too_late' : undefined;
}

function noConsignment(n: number): ProblemError {
  return new ProblemError('consignment_not_found', { detail: `It has no consignment ${n}.` });
}

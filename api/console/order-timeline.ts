/** The route of an order's timeline: its saga as each of its services, the wallets' shards and Temporal know it. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Client } from '@temporalio/client';
import type { MiddlewareHandler } from 'hono';
import type { OrderDatabases } from '../order-routes.ts';
import type { WalletSight } from '../../domain/wallet/sight.ts';
import { journalAnswer } from '../accounting/answer.ts';
import { readJournals } from '../accounting/saga.ts';
import type { ApiEnv } from '../http/env.ts';
import { instantAnswer, orderIdField } from '../http/fields.ts';
import { ProblemError } from '../http/problem.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { orderAnswer, renderOrder } from '../order/answer.ts';
import { hasOrderEnded } from '../../domain/order/order.ts';
import { readOrderSaga, seeOrderWorkflow } from '../order/saga.ts';
import { readStepFences, type SeenStepFence } from '../step-fences.ts';
import { lanesOf, MONEY_LANE, paymentsOf, placesIn, type FencedService } from './order-legs.ts';
import { renderEntries, renderPending, renderWorkflow, sagaAnswer, type Saga } from './saga.ts';
import { createSources } from './sources.ts';
import { askTemporal, askWallets, sourcesAnswer } from './transfer-timeline.ts';

interface OrderTimelineDeps {
  /** Undefined where the installation has no orders. */
  readonly databases: OrderDatabases | undefined;
  readonly client: Client;
  readonly sight: WalletSight;
  readonly walletShardCount: number;
}

const get = createRoute({
  method: 'get',
  path: '/v1/orders/{order_id}/timeline',
  operationId: 'getOrderTimeline',
  summary: 'The whole course of an order: legs, fences, attempts, money and books',
  tags: ['Orders'],
  description: `What each service knows of it, each as one snapshot: the order first, then the others, so that these show all that the order
says. The money is that of its holds, of what was collected and of what was paid back. A source that does not answer in time is named in
\`sources\`, and what it knows is missing.`,
  middleware: requiresInTenant('orders:read'),
  request: { params: z.object({ order_id: orderIdField }) },
  responses: {
    200: {
      description: 'As it is now.',
      content: {
        'application/json': {
          schema: z
            .object({
              ...{ order: orderAnswer, at: instantAnswer, saga: sagaAnswer },
              journals: z.array(journalAnswer).openapi({ description: 'What was posted for it, the oldest first.' }),
              sources: sourcesAnswer,
            })
            .openapi('OrderTimeline'),
        },
      },
    },
    ...problemResponses('order_not_found', 'order_id_invalid', 'database_unavailable', 'orders_not_configured'),
  },
});

const refuse: MiddlewareHandler<ApiEnv> = () => {
  throw new ProblemError('orders_not_configured');
};

const FENCED: readonly FencedService[] = ['inventory', 'delivery', 'accounting'];

export function orderTimelineRoutes({ databases, client, sight, walletShardCount }: OrderTimelineDeps) {
  const app = new OpenAPIHono<ApiEnv>();
  if (databases === undefined) app.use('/v1/orders/:order_id/timeline', refuse);
  return app.openapi(get, async (c) => {
    const { order_id: id } = c.req.valid('param');
    c.var.log.setBindings({ order_id: id });
    // Without orders, it is refused before.
    const own = databases!;
    const sources = createSources<string, 'gone'>(c.var.log);
    const found = await readOrderSaga(own.order, c.var.holder.tenant, id);
    sources.note('orders', 'ok');
    const { order, steps, refunds } = found;
    const wallets = { senderWalletId: order.buyerWalletId, receiverWalletId: order.sellerWalletId };
    const [legs, seen, journals, ...decided] = await Promise.all([
      askWallets(sources, sight, [...paymentsOf(found).keys(), ...refunds], wallets, walletShardCount),
      askTemporal(sources, () => seeOrderWorkflow(client, id)),
      sources.ask('journals', () => readJournals(own.accounting, order.tenant, id)),
      ...FENCED.map((service) => sources.ask(service, () => readStepFences(own[service], id))),
    ]);
    // The accounting is one source, asked for two things.
    sources.forget('journals');
    if (journals === undefined) sources.note('accounting', 'unavailable');
    const fences = Object.fromEntries(
      FENCED.map((service, place): [string, readonly SeenStepFence[]] => [service, decided[place] ?? []]),
    );
    const saga: Saga = {
      workflow: renderWorkflow(seen),
      started_at: order.createdAt.toISOString(),
      deadline_at: order.deadlineAt.toISOString(),
      ended_at: hasOrderEnded(order) ? (steps.at(-1)?.createdAt ?? order.updatedAt).toISOString() : null,
      steps: steps.map(({ step, reason, n, createdAt }) => ({ at: createdAt.toISOString(), step, reason, n })),
      lanes: lanesOf(found, seen?.activities ?? [], fences, legs?.fences ?? []),
      pending: renderPending(seen?.pending ?? [], placesIn(found)),
      ...renderEntries(legs?.entries ?? [], () => MONEY_LANE),
    };
    c.header('Cache-Control', 'no-store');
    const answer = { order: renderOrder(order), at: new Date().toISOString(), saga, journals: journals ?? [] };
    return c.json({ ...answer, sources: sources.states() }, 200);
  });
}

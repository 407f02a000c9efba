// The metrics of orders: each is counted once, by the call that has written it, and the gauges show what has not ended, whatever has.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'drizzle-orm';
import { audit } from '../../audit/audit.ts';
import { createOrderActivities } from '../../activities/order/order.ts';
import { openGoods } from '../../bench/goods.ts';
import { storeOrders } from '../../bench/stored-orders.ts';
import type { Database } from '../../db/database.ts';
import { recordOrderAttention } from '../../db/order/state.ts';
import { summarizeOpenOrders, summarizeOrderCases, summarizeWaitingReturns } from '../../db/order/state-queries.ts';
import { consignmentId, shipmentId, transferId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { holdKey } from '../../domain/order/money.ts';
import type { OrderCounts } from '../../domain/order/order-counts.ts';
import { ORDER_SERVICES, type OrderService } from '../../domain/order-services.ts';
import { createMetrics } from '../../process/metrics.ts';
import { orderParts } from '../../workers/order/collect.ts';
import { workflowsOf } from './audited.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase, type TestStores } from './database.ts';
import { ordersOver, type Orders, type Placed } from './orders.ts';
import { trace } from './wallets.ts';

const [BUYER, SELLER] = ['11111111-1111-8111-8111-111111111111', '22222222-2222-8222-8222-222222222222'] as WalletId[];
const PAIR = { buyer: BUYER!, seller: SELLER! };
const WALLETS = Array.from({ length: 10 }, (_, n) => `0000000${n}-0000-8000-8000-000000000000` as WalletId);
const STORED = 2_000;

describe('the metrics of orders', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let services: Record<OrderService, TestDatabase>;
  let skus: readonly string[];
  let course: Orders;

  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
    services = await cluster.createOrderStores();
    skus = await openGoods({ administrators: administrators() });
    course = ordersOver(stores, services);
  });
  after(() => cluster?.stop());

  const administrators = (): Record<string, string> =>
    Object.fromEntries(ORDER_SERVICES.map((service) => [service, services[service].adminUrl]));
  const place = (): Promise<Placed> => course.place(PAIR, [{ sku: skus[0]!, quantity: 1 }]);
  const confirmation = ({ orderId, terms }: Placed, holdExpiresAtMs = Date.now() + 3_600_000) => ({
    ...{ orderId, trace },
    consignments: [
      {
        ...{ n: 1, lines: terms.lines, amount: '1.0000', holdExpiresAtMs },
        transferId: transferId(holdKey(orderId, 1)),
        shipmentId: shipmentId(consignmentId(orderId, 1)),
      },
    ],
  });
  const recorded = () => {
    const told: string[] = [];
    const counts: OrderCounts = {
      placed: () => {},
      confirmed: () => told.push('confirmed'),
      ended: ({ status, reason }) => told.push(`${status} ${reason}`),
      lasted: (outcome, seconds) => {
        assert.ok(seconds >= 0 && seconds < 60, `${seconds}`);
        told.push(`lasted ${outcome}`);
      },
    };
    const tell = ({ status }: { readonly status: string }): void => void told.push(`told ${status}`);
    return { told, activities: createOrderActivities(services.order.service, course.payments, { counts, tell }) };
  };

  test('a confirmation and an end that many calls write at once are counted and told once', async () => {
    const { told, activities } = recorded();
    const placed = await place();
    const { orderId } = placed;
    const answers = await Promise.all(Array.from({ length: 5 }, () => activities.confirmOrder(confirmation(placed))));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.deepEqual(told.splice(0), ['confirmed', 'lasted confirmed', 'told CONFIRMED']);
    const end = { orderId, trace, status: 'CANCELED' as const, cancelReason: 'canceled' as const };
    await activities.recordConsignment({ orderId, trace, n: 1, goods: 'RELEASED', money: 'VOIDED' });
    await Promise.all(Array.from({ length: 5 }, () => activities.recordOrderEnd(end)));
    await activities.recordOrderEnd({ orderId, trace, status: 'COMPLETED' });
    // It was confirmed, so its time is counted already.
    assert.deepEqual(told, ['CANCELED canceled', 'told CANCELED']);
  });

  test('an order that is undone before it is confirmed is counted with its time and its reason', async () => {
    const { told, activities } = recorded();
    const { orderId } = await place();
    await activities.undoOrder({ orderId, trace, reason: 'out_of_stock' });
    await activities.recordOrderEnd({ orderId, trace, status: 'CANCELED' });
    assert.deepEqual(told, ['CANCELED out_of_stock', 'lasted canceled', 'told CANCELED']);
  });

  test('the gauges show what is open, what is stuck, and the cases and the returns that wait by their reasons', async () => {
    const { activities } = recorded();
    await place();
    const late = await place();
    await rowsOf(
      services.order.admin,
      `UPDATE orders SET deadline_at = now() - interval '6 minutes', created_at = created_at - interval '1 hour' WHERE order_id = '${late.orderId}'`,
    );
    const [fine, expired, stuck] = [await place(), await place(), await place()];
    await activities.confirmOrder(confirmation(fine));
    await activities.confirmOrder(confirmation(expired, Date.now() - 6 * 60_000));
    await activities.confirmOrder(confirmation(stuck));
    const attention = { orderId: stuck.orderId, error: 'it fails' };
    await recordOrderAttention(services.order.service, { ...attention, reason: 'capture_hold_failing' });

    await rowsOf(
      services.order.admin,
      `INSERT INTO returns (return_id, order_id, idempotency_key, body_hash, request_id, amount, attention_reason, attention_since)
       SELECT gen_random_uuid(), '${stuck.orderId}', n, '\\x00', 'test', 1, reason, CASE WHEN reason <> '' THEN now() - interval '20 minutes' END
       FROM unnest(ARRAY['refund_refused', 'refund_refused', 'of a later version', NULL]) WITH ORDINALITY AS given (reason, n)`,
    );

    const metrics = createMetrics();
    const waiting = async (queue: string, type: string) =>
      queue === 'inventory' && type === 'activity' ? { count: 7, oldestSeconds: 40 } : { count: 0, oldestSeconds: 3 };
    for (const part of orderParts(metrics, services.order.service, waiting)) (await part.look())();
    const text = await metrics.registry.metrics();
    const valueOf = (series: string): number =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`counterpoise_${series} `))
          ?.split(' ')
          .at(-1),
      );
    for (const [series, value] of [
      ['orders_in_flight{status="PENDING"}', 2],
      ['orders_in_flight{status="CONFIRMED"}', 3],
      ['orders_stuck{status="PENDING"}', 1],
      ['orders_stuck{status="CONFIRMED"}', 2],
      ['order_cases_open{reason="capture_hold_failing"}', 1],
      ['order_cases_open{reason="payment_due"}', 0],
      ['order_cases_open{reason="other"}', 0],
      ['returns_waiting{reason="refund_refused"}', 2],
      ['returns_waiting{reason="take_back_failing"}', 0],
      ['returns_waiting{reason="other"}', 1],
      ['backlog_tasks{queue="inventory",type="activity"}', 7],
      ['backlog_oldest_age_seconds{queue="inventory",type="activity"}', 40],
      ['backlog_oldest_age_seconds{queue="order",type="workflow"}', 0],
      ...['order', 'delivery', 'accounting'].map(
        (queue) => [`backlog_tasks{queue="${queue}",type="activity"}`, 0] as const,
      ),
    ] as const)
      assert.equal(valueOf(series), value, series);
    assert.ok(valueOf('order_oldest_age_seconds{status="PENDING"}') > 3_500);
    assert.ok(valueOf('order_case_oldest_age_seconds') >= 0);
    assert.ok(valueOf('return_oldest_wait_seconds') >= 1_200);
  });

  test('they scan no stored orders, thousands of which are there', async () => {
    const read = async (): Promise<number> => {
      const plans: PlanNode[] = [];
      const database = explaining(services.order.service, plans);
      await summarizeOpenOrders(database);
      await summarizeOrderCases(database);
      await summarizeWaitingReturns(database);
      for (const node of plans.flatMap(nodesOf))
        if (node['Relation Name'] === 'orders') assert.notEqual(node['Node Type'], 'Seq Scan', JSON.stringify(node));
      return plans.reduce((sum, plan) => sum + plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], 0);
    };
    await storeOrders({ administrators: administrators(), wallets: WALLETS }, skus, STORED, () => {});
    for (const table of ['orders', 'consignments', 'order_cases'])
      await services.order.admin.execute(sql`VACUUM (ANALYZE) ${sql.identifier(table)}`);
    assert.ok((await read()) < 100, `${await read()} buffers`);
  });
});

test('the orders that the bench stores are whole', async () => {
  const cluster = await startCluster();
  try {
    const { wallets, transfer } = await cluster.createStores();
    const services = await cluster.createOrderStores();
    const administrators = Object.fromEntries(ORDER_SERVICES.map((service) => [service, services[service].adminUrl]));
    await storeOrders({ administrators, wallets: WALLETS }, await openGoods({ administrators }), 500, () => {});
    const orders = Object.fromEntries(ORDER_SERVICES.map((service) => [service, services[service].admin]));
    const { totals, violations } = await audit(
      {
        ...{ wallets: wallets.map(({ admin }) => admin), transfer: transfer.admin, events: undefined },
        orders: orders as Record<OrderService, Database>,
      },
      workflowsOf(new Set()),
      { patienceMs: 0 },
    );
    // Their transfers and their events are left out.
    const isLeftOut =
      /there is no transfer|its transfer is undefined|the wallet's ledger 0\.0000$|^its event .* is missing$/;
    assert.deepEqual(
      violations.filter(({ detail }) => !isLeftOut.test(detail)),
      [],
    );
    assert.ok(!Object.keys(totals).some((invariant) => ['O1', 'O6', 'O8'].includes(invariant)));
  } finally {
    await cluster.stop();
  }
});

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

/** Notes the plan of each statement that is executed. */
function explaining(database: Database, plans: PlanNode[]): Database {
  return new Proxy(database, {
    get(target, name) {
      if (name !== 'execute') return Reflect.get(target, name) as unknown;
      return async (statement: ReturnType<typeof sql>) => {
        const { rows } = await target.execute<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
          sql`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`,
        );
        plans.push(rows[0]!['QUERY PLAN'][0]!.Plan);
        return target.execute(statement);
      };
    },
  });
}

function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

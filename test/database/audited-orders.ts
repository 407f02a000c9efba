// A stack's databases with orders in every state, for tests that damage them and audit them. A set of open workflow ids stands in for
// Temporal.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audit, type AuditReport } from '../../audit/audit.ts';
import type { Invariant } from '../../audit/findings.ts';
import { putProduct } from '../../db/order/products.ts';
import { changeStock, countStock } from '../../db/inventory/queries.ts';
import type { Database } from '../../db/database.ts';
import { consignmentId, shipmentId, stockChangeId, transferId } from '../../domain/derived-id.ts';
import { ORDER_SERVICES, type OrderService } from '../../domain/order-services.ts';
import { holdKey } from '../../domain/order/money.ts';
import type { ReturnId, TransferId, WalletId } from '../../domain/ids.ts';
import { rolledBack, workflowsOf } from './audited.ts';
import { copyOutboxes } from './copy-outbox.ts';
import { rowsOf, startCluster, type TestDatabase, type TestStores } from './database.ts';
import { movementsOver } from './movements.ts';
import { ordersOver, type Orders, type Placed } from './orders.ts';
import { fresh, trace, USD, userOnShard } from './wallets.ts';

type Place = OrderService | 'buyer' | 'seller' | 'transfer' | 'events';
const PLACES: readonly Place[] = ['buyer', 'seller', 'transfer', 'events', ...ORDER_SERVICES];

type Name =
  | 'delivered'
  | 'partly'
  | 'canceled'
  | 'outOfStock'
  | 'refused'
  | 'tooHeavy'
  | 'collected'
  | 'writtenOff'
  | 'reversed'
  | 'due'
  | 'issued'
  | 'confirmed'
  | 'pending';

export interface AuditedOrders {
  readonly orders: Readonly<Record<Name, Placed>>;
  readonly returned: ReturnId;
  readonly seller: WalletId;
  /** The ids of the open workflows. */
  readonly open: Set<string>;
  readonly audit: (options?: { withLog?: boolean }) => Promise<AuditReport>;
  readonly damage: (place: Place, statements: string) => Promise<void>;
  readonly holdOf: (order: Name, n?: number) => TransferId;
  readonly shipmentOf: (order: Name, n?: number) => string;
  readonly invoiceOf: (order: Name, n?: number) => string;
}

export interface AuditedOrderStack {
  readonly stores: TestStores;
  readonly services: Readonly<Record<OrderService, TestDatabase>>;
  /** Goes on with the orders; what it does stays. */
  readonly course: Orders;
  readonly filled: Filled;
  /** `seenAs` the audit sees each database. */
  readonly audited: (seenAs?: (database: Database) => Database) => AuditedOrders;
  /** Runs the work; its changes of the databases are undone afterwards. */
  readonly use: (work: (stack: AuditedOrders) => Promise<void>) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startAuditedOrders(): Promise<AuditedOrderStack> {
  const cluster = await startCluster();
  try {
    const stores = await cluster.createStores();
    const services = await cluster.createOrderStores();
    const course = ordersOver(stores, services);
    const filled = await fill(stores, services, course);
    await copyOutboxes(cluster, stores, services);
    const admins = [
      ...stores.wallets,
      stores.transfer,
      stores.events,
      ...ORDER_SERVICES.map((name) => services[name]),
    ].map(({ admin }) => admin);
    return {
      ...{ stores, services, course, filled },
      audited: (seenAs = (database) => database) => createAudited(admins.map(seenAs), filled),
      use: (work) => rolledBack(admins, (databases) => work(createAudited(databases, filled))),
      stop: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

type Filled = Awaited<ReturnType<typeof fill>>;

async function fill(stores: TestStores, services: Readonly<Record<OrderService, TestDatabase>>, course: Orders) {
  const { wallets, acceptTransaction, transact } = movementsOver(stores);
  const pair = { buyer: await wallets.open(userOnShard(0, 2)), seller: await wallets.open(userOnShard(1, 2)) };
  const poor = { buyer: await wallets.open(fresh('poor')), seller: pair.seller };
  await transact(await acceptTransaction('CREDIT', pair.buyer, '100000.0000'));
  for (const [sku, unitPrice] of [
    ['lamp', '10.0001'],
    ['desk', '50.0000'],
    ['bolt', '0.0100'],
  ] as const)
    await putProduct(services.order.service, { sku, unitPrice, currency: USD, name: null });
  const { service: stock } = services.inventory;
  await countStock(stock, 'lamp', 100, trace);
  await countStock(stock, 'bolt', 5_000, trace);
  const change = { sku: 'desk', unitCost: '20.0000', reason: 'a test' };
  const [receipt, adjustment] = [fresh('receipt'), fresh('adjustment')];
  await changeStock(
    stock,
    { ...change, type: 'RECEIPT', quantity: 3, changeId: stockChangeId('receipt', 'desk', receipt) },
    trace,
  );
  await changeStock(
    stock,
    { ...change, type: 'ADJUSTMENT', quantity: -1, changeId: stockChangeId('adjustment', 'desk', adjustment) },
    trace,
  );

  const lamps = [{ sku: 'lamp', quantity: 2 }];
  const both = [...lamps, { sku: 'desk', quantity: 1 }];
  const place = async (lines = lamps, isSplit = false): Promise<Placed> => {
    const placed = await course.place(pair, lines, { allowSplit: isSplit });
    await course.confirm(placed);
    return placed;
  };
  const orders = {
    delivered: await course.place(pair, both, { expectedTotal: '74.0002' }),
    partly: await place(
      [
        { sku: 'lamp', quantity: 3 },
        { sku: 'desk', quantity: 1 },
      ],
      true,
    ),
    canceled: await place(),
    outOfStock: await place([{ sku: 'desk', quantity: 9 }]),
    refused: await course.place(poor, lamps),
    tooHeavy: await place([{ sku: 'bolt', quantity: 1_001 }]),
    collected: await place(),
    writtenOff: await place(),
    reversed: await place(),
    due: await place(),
    issued: await place(),
    confirmed: await place(),
    pending: await course.place(pair, lamps),
  } satisfies Record<Name, Placed>;
  await course.confirm(orders.delivered);
  await course.confirm(orders.refused);
  await course.fulfil(orders.delivered);
  await course.fulfil(orders.partly, 1);
  await course.giveBack(orders.partly, 2);
  await course.giveBack(orders.canceled);
  await course.payments.captureByHand(transferId(holdKey(orders.reversed.orderId, 1)));
  await course.giveBack(orders.reversed);
  for (const name of ['collected', 'writtenOff', 'due', 'issued'] as const) await course.issue(orders[name]);
  for (const name of ['collected', 'writtenOff', 'due'] as const) {
    await course.loseHold(orders[name]);
    await course.pay(orders[name]);
    await course.report(orders[name], ['DELIVERED']);
    await course.delivered(orders[name]);
  }
  await course.settle(orders.collected, 'collected');
  await course.settle(orders.writtenOff, 'written_off');
  for (const name of ['delivered', 'partly', 'canceled', 'reversed', 'collected', 'writtenOff'] as const)
    await course.end(orders[name]);

  const back = [
    { sku: 'desk', quantity: 1 },
    { sku: 'lamp', quantity: 1 },
  ];
  const returned = await course.announceReturn(orders.delivered, back);
  await course.receive(returned);
  await course.refund(orders.delivered, returned, back);
  await course.announceReturn(orders.delivered, [{ sku: 'lamp', quantity: 1 }]);
  const received = await course.announceReturn(orders.collected, [{ sku: 'lamp', quantity: 1 }]);
  await course.receive(received);
  for (const [table, statuses] of [
    ['orders', `'PENDING', 'CONFIRMED'`],
    ['returns', `'RECEIVED'`],
  ] as const)
    await rowsOf(
      services.order.admin,
      `UPDATE ${table} SET created_at = created_at - interval '1 minute', updated_at = updated_at - interval '1 minute' WHERE status IN (${statuses})`,
    );
  return { orders, returned, received, seller: pair.seller, pair };
}

function createAudited(databases: readonly Database[], filled: Filled): AuditedOrders {
  const at = Object.fromEntries(PLACES.map((place, index) => [place, databases[index]!])) as Record<Place, Database>;
  const { buyer, seller, transfer, events, ...orders } = at;
  const orderOf = (name: Name) => filled.orders[name].orderId;
  const holdOf = (name: Name, n = 1) => transferId(holdKey(orderOf(name), n));
  const open = new Set([
    ...(['due', 'issued', 'confirmed', 'pending'] as const).map((name) => `order/${orderOf(name)}`),
    ...(['issued', 'confirmed'] as const).map((name) => `transfer/${holdOf(name)}`),
    `return/${filled.received}`,
  ]);
  return {
    ...{ orders: filled.orders, returned: filled.returned, seller: filled.seller, open, holdOf },
    shipmentOf: (name, n = 1) => shipmentId(consignmentId(orderOf(name), n)),
    invoiceOf: (name, n = 1) => consignmentId(orderOf(name), n),
    audit: ({ withLog = false } = {}) =>
      audit({ wallets: [buyer, seller], transfer, events: withLog ? events : undefined, orders }, workflowsOf(open), {
        patienceMs: 0,
      }),
    async damage(place, statements) {
      await rowsOf(at[place], statements);
    },
  };
}

export interface Breach {
  readonly what: string;
  readonly damage: (stack: AuditedOrders) => Promise<unknown>;
  /** Every invariant that is broken by it, and no other. */
  readonly breaks: readonly Invariant[];
  /** One of the sentences that say so. */
  readonly said: RegExp;
}

export function breachTest(stack: () => AuditedOrderStack, { what, damage, breaks, said }: Breach): void {
  test(`names it: ${what}`, () =>
    stack().use(async (audited) => {
      await damage(audited);
      const report = await audited.audit();
      assert.deepEqual(Object.keys(report.totals).sort(), breaks, sentencesOf(report));
      assert.match(sentencesOf(report), said);
    }));
}

export function sentencesOf({ violations }: AuditReport): string {
  return violations.map(({ invariant, subject, detail }) => `${invariant} ${subject}: ${detail}`).join('\n');
}

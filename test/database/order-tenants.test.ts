// Orders of two tenants and of the default one, with the same SKUs, keys and even the same seller: stock, prices, books and carriers'
// reports are each tenant's own, the audit agrees, and finds what is another's.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pino } from 'pino';
import { audit } from '../../audit/audit.ts';
import { listAccounts, listInvoices } from '../../db/accounting/book-queries.ts';
import { recordCarrierEvent } from '../../db/delivery/queries.ts';
import { releaseOrder, reserve } from '../../db/inventory/operations.ts';
import { changeStock, countStock, findStock } from '../../db/inventory/queries.ts';
import { acceptOrder } from '../../db/order/acceptance.ts';
import { putProduct } from '../../db/order/products.ts';
import { listOrders, tenantAfter } from '../../db/order/queries.ts';
import { listReturns } from '../../db/order/returns.ts';
import { openWallet } from '../../db/wallet/wallet-queries.ts';
import { consignmentId, orderId, shipmentId, stockChangeId, transferId, walletId } from '../../domain/derived-id.ts';
import { holdKey } from '../../domain/order/money.ts';
import { orderBodyHash } from '../../domain/order/order-body.ts';
import { ORDER_SERVICES, type OrderService } from '../../domain/order-services.ts';
import type { ReturnId, WalletId } from '../../domain/ids.ts';
import { ofTenant, tenantOf, type Tenant } from '../../domain/tenant.ts';
import { createRounds } from '../../workers/order/reconcile.ts';
import { rolledBack, workflowsOf } from './audited.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase, type TestStores } from './database.ts';
import { movementsOver } from './movements.ts';
import { findHolds } from './order-payments.ts';
import { ordersOver, type Orders, type Placed } from './orders.ts';
import { trace, USD } from './wallets.ts';

const TENANTS = ['default', 'acme', 'bolt'] as Tenant[];
const LAMPS = [{ sku: 'lamp', quantity: 2 }];

interface Shop {
  readonly buyer: WalletId;
  readonly seller: WalletId;
  readonly delivered: Placed;
  readonly returned: ReturnId;
}

describe('the orders of tenants', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let services: Readonly<Record<OrderService, TestDatabase>>;
  let course: Orders;
  const shops = new Map<Tenant, Shop>();

  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
    services = await cluster.createOrderStores();
    course = ordersOver(stores, services);
    for (const [index, tenant] of TENANTS.entries()) shops.set(tenant, await openShop(tenant, index));
  });
  after(() => cluster?.stop());

  async function openShop(tenant: Tenant, index: number): Promise<Shop> {
    const { wallets, transact, acceptTransaction } = movementsOver(stores);
    const open = async (user: string): Promise<WalletId> => {
      const id = walletId(user, USD, tenant);
      await openWallet(wallets.shardOf(id), { walletId: id, userId: user, currency: USD, tenant });
      return id;
    };
    const [buyer, seller] = [await open('erin'), await open('frank')];
    await transact(await acceptTransaction('CREDIT', buyer, '1000.0000', tenant));
    await putProduct(services.order.service, {
      tenant,
      sku: 'lamp',
      unitPrice: `${index + 1}0.0000`,
      currency: USD,
      name: null,
    });
    await countStock(services.inventory.service, 'lamp', 10 + index, trace, { tenant });
    const change = { tenant, sku: 'lamp', quantity: 5, unitCost: undefined, reason: 'a test' } as const;
    const changeId = stockChangeId('receipt', 'lamp', 'key-1', tenant);
    await changeStock(services.inventory.service, { ...change, type: 'RECEIPT', changeId }, trace);
    const delivered = await place(tenant, { buyer, seller });
    await course.confirm(delivered);
    await course.fulfil(delivered);
    await course.end(delivered);
    const back = [{ sku: 'lamp', quantity: 1 }];
    const returned = await course.announceReturn(delivered, back);
    await course.receive(returned);
    await course.refund(delivered, returned, back);
    return { buyer, seller, delivered, returned };
  }

  const place = (tenant: Tenant, between: { buyer: WalletId; seller: WalletId }, idempotencyKey = 'key-1') =>
    course.place(between, LAMPS, { tenant, idempotencyKey });
  const shopOf = (tenant: string): Shop => shops.get(tenant as Tenant)!;
  const audited = (databases: readonly TestDatabase['admin'][]) => {
    const [transfer, ...rest] = databases;
    const orders = Object.fromEntries(ORDER_SERVICES.map((name, index) => [name, rest[index]!]));
    return audit(
      { wallets: rest.slice(ORDER_SERVICES.length), transfer: transfer!, events: undefined, orders: orders as never },
      workflowsOf(new Set()),
      { patienceMs: 0 },
    );
  };
  const admins = () => [
    stores.transfer.admin,
    ...ORDER_SERVICES.map((name) => services[name].admin),
    ...stores.wallets.map(({ admin }) => admin),
  ];

  test('use the same keys, and have an order each, at the prices and from the stock of their own', async () => {
    assert.equal(new Set([...shops.values()].map(({ delivered }) => delivered.orderId)).size, 3);
    assert.equal(shopOf('default').delivered.orderId, orderId('key-1'));
    for (const [index, tenant] of TENANTS.entries()) {
      const { orderId: id } = shopOf(tenant).delivered;
      const order = await course.found(id);
      assert.deepEqual([order.tenant, order.goodsAmount], [tenant, `${2 * (index + 1)}0.0000`]);
      // 5 came in, 2 left, 1 came back.
      assert.equal((await findStock(services.inventory.service, 'lamp', tenant))!.onHand, 10 + index + 5 - 2 + 1);
    }
  });

  test('are numbered in books of their own', async () => {
    for (const tenant of TENANTS) {
      const { seller } = shopOf(tenant);
      const { rows } = await listInvoices(services.accounting.service, { tenant, limit: 10 });
      assert.deepEqual(
        rows.map(({ number, sellerWalletId }) => [number, sellerWalletId]),
        [[1, seller]],
      );
      const accounts = await listAccounts(services.accounting.service, seller, tenant);
      assert.ok(accounts.length > 0 && accounts.every((account) => account.tenant === tenant));
      const prefix = tenant === 'default' ? '' : `${tenant}/`;
      assert.ok(accounts.every(({ accountId, code }) => accountId === `${prefix}${seller}/${code}`));
    }
  });

  test('are listed to their own tenant, whatever is asked for', async () => {
    for (const tenant of TENANTS)
      for (const filter of [{}, { status: 'COMPLETED' as const }, { buyerWalletId: shopOf(tenant).buyer }]) {
        const { rows } = await listOrders(services.order.service, { tenant, limit: 10, ...filter });
        assert.deepEqual(
          rows.map((row) => row.orderId),
          [shopOf(tenant).delivered.orderId],
          JSON.stringify(filter),
        );
      }
    const ofAnother = { tenant: 'acme' as Tenant, buyerWalletId: shopOf('bolt').buyer, limit: 10 };
    assert.deepEqual((await listOrders(services.order.service, ofAnother)).rows, []);
  });

  test('have their returns listed to their own tenant, whatever is asked for', async () => {
    const { service } = services.order;
    const listed = async (filter: object): Promise<(readonly string[])[]> =>
      Promise.all(
        TENANTS.map(async (tenant) =>
          (await listReturns(service, { tenant, limit: 10, ...filter })).rows.map((row) => row.returnId),
        ),
      );
    const own = TENANTS.map((tenant) => [shopOf(tenant).returned]);
    const none = TENANTS.map(() => []);
    assert.deepEqual(await listed({}), own);
    assert.deepEqual(await listed({ status: 'REFUNDED' }), own);
    assert.deepEqual(await listed({ status: 'REQUESTED' }), none);
    assert.deepEqual(await listed({ attention: true }), none);
  });

  test('bear their tenant in every event, and that of the default one bears none', async () => {
    for (const service of ORDER_SERVICES) {
      const rows = await rowsOf<{ tenant: string | null; events: number }>(
        services[service].admin,
        `SELECT payload ->> 'tenant' AS tenant, count(*)::int AS events FROM outbox_events GROUP BY 1 ORDER BY 1 NULLS FIRST`,
      );
      assert.deepEqual(
        rows.map(({ tenant }) => tenant),
        [null, 'acme', 'bolt'],
        service,
      );
      assert.equal(new Set(rows.map(({ events }) => events)).size, 1, `${service}: ${JSON.stringify(rows)}`);
    }
  });

  test('hear of a carrier’s report of their own shipments, whose ids are theirs', async () => {
    const report = (tenant: Tenant, of: string) =>
      recordCarrierEvent(
        services.delivery.service,
        {
          ...{ ...ofTenant(tenant), eventId: 'report-1', status: 'IN_TRANSIT' as const, at: new Date(0) },
          shipmentId: shipmentId(consignmentId(shopOf(of).delivered.orderId, 1)),
        },
        trace,
      );
    assert.equal((await report('acme' as Tenant, 'bolt')).outcome, 'not_found');
    for (const tenant of TENANTS) assert.equal((await report(tenant, tenant)).outcome, 'recorded');
  });

  test('cannot be of goods that only another tenant sells', async () => {
    await putProduct(services.order.service, {
      tenant: 'bolt' as Tenant,
      sku: 'desk',
      unitPrice: '1.0000',
      currency: USD,
      name: null,
    });
    const { buyer, seller } = shopOf('acme');
    const body = {
      ...{ buyerWalletId: buyer, sellerWalletId: seller, currency: USD, lines: [{ sku: 'desk', quantity: 1 }] },
      ...{
        shippingAmount: '0.0000',
        allowSplit: false,
        expectedTotal: undefined,
        reference: undefined,
        metadata: undefined,
      },
    };
    const asked = {
      ...body,
      idempotencyKey: 'desk',
      bodyHash: orderBodyHash(body),
      deadlineSeconds: 600,
      holdSeconds: 600,
    };
    const tenant = 'acme' as Tenant;
    const answer = await acceptOrder(
      services.order.service,
      { ...asked, tenant, orderId: orderId('desk', tenant) },
      trace,
    );
    assert.deepEqual(answer, { refused: 'sku_unknown', lines: [0] });
  });

  test('are of goods that their own tenant has in stock, whatever another has of them', async () => {
    const { service } = services.inventory;
    const reserved = async (tenant: Tenant): Promise<string> => {
      const lines = [{ sku: 'rug', quantity: 1 }];
      const own = { orderId: orderId('rug', tenant), lines, allowSplit: false, trace, ...ofTenant(tenant) };
      return (await reserve(service, own)).outcome;
    };
    for (const [onHand, tenant] of TENANTS.slice(1).entries())
      await countStock(service, 'rug', onHand, trace, { tenant });
    assert.deepEqual(await Promise.all(TENANTS.map(reserved)), ['refused', 'refused', 'reserved']);
    const { reserved: kept } = (await findStock(service, 'rug', 'acme' as Tenant))!;
    assert.equal(kept, 0);
    await releaseOrder(service, { orderId: orderId('rug', 'bolt' as Tenant), reason: 'timed_out', trace });
    assert.equal((await findStock(service, 'rug', 'bolt' as Tenant))!.reserved, 0);
  });

  test('that name the wallet of another tenant as the seller’s are due in books of their own, and move nothing of that one', async () => {
    const [acme, bolt] = [shopOf('acme'), shopOf('bolt')];
    const before = await listAccounts(services.accounting.service, bolt.seller, 'bolt' as Tenant);
    const placed = await place('acme' as Tenant, { buyer: acme.buyer, seller: bolt.seller }, 'to-bolt');
    await course.confirm(placed);
    await course.issue(placed);
    // The capture is refused, because the receiver is not found, and the hold is given back.
    await course.loseHold(placed);
    await course.pay(placed);
    await course.report(placed, ['DELIVERED']);
    await course.delivered(placed);
    await course.settle(placed, 'written_off');
    await course.end(placed);
    assert.deepEqual(await listAccounts(services.accounting.service, bolt.seller, 'bolt' as Tenant), before);
    const own = await listInvoices(services.accounting.service, {
      tenant: 'acme' as Tenant,
      sellerWalletId: bolt.seller,
      limit: 9,
    });
    assert.deepEqual(
      own.rows.map(({ number, status }) => [number, status]),
      [[1, 'WRITTEN_OFF']],
    );
    const theirs = await listInvoices(services.accounting.service, { tenant: 'bolt' as Tenant, limit: 9 });
    assert.deepEqual(
      theirs.rows.map(({ number }) => number),
      [1],
    );
  });

  test('are in order, as the audit sees them', async () => {
    assert.deepEqual((await audited(admins())).violations, []);
  });

  for (const [what, service, statement, said] of [
    [
      'stock',
      'inventory',
      `UPDATE stock_entries SET tenant = 'acme', sequence = 99 WHERE tenant = 'bolt' AND sequence = 1`,
      /O1/,
    ],
    [
      'the goods of an order, which have left',
      'inventory',
      `UPDATE reservations SET tenant = 'acme' WHERE tenant = 'bolt' AND state = 'ISSUED'`,
      /O2 order .*: goods of acme were reserved for it/,
    ],
    [
      'a case',
      'order',
      `INSERT INTO order_cases (order_id, tenant, reason) SELECT order_id, 'acme', 'a test' FROM orders WHERE tenant = 'bolt' LIMIT 1`,
      /O2 order .*: a case of it is of another tenant/,
    ],
    ['an order', 'order', `UPDATE orders SET tenant = 'acme' WHERE tenant = 'bolt'`, /O6/],
    ['a return', 'order', `UPDATE returns SET tenant = 'acme' WHERE tenant = 'bolt'`, /another tenant than its order/],
    [
      'a shipment',
      'delivery',
      `UPDATE shipments SET tenant = 'acme' WHERE tenant = 'bolt'`,
      /a shipment of another tenant/,
    ],
    ['an invoice', 'accounting', `UPDATE invoices SET tenant = 'default' WHERE tenant = 'bolt'`, /O4/],
    ['a journal', 'accounting', `UPDATE journals SET tenant = 'default' WHERE tenant = 'bolt'`, /O5/],
    [
      'a credit note',
      'accounting',
      `UPDATE credit_notes SET tenant = 'default' WHERE tenant = 'bolt'`,
      /and its return of bolt/,
    ],
    ...ORDER_SERVICES.map(
      (service) =>
        [
          `an event of the service ${service}`,
          service,
          `UPDATE outbox_events SET payload = payload::jsonb - 'tenant' WHERE payload ->> 'tenant' = 'bolt'`,
          /O7 .*: its event .* is of the tenant default, and not of bolt/,
        ] as const,
    ),
    [
      'a hold',
      'transfer',
      `UPDATE transfers SET tenant = 'acme' WHERE tenant = 'bolt' AND idempotency_key LIKE 'order/%'`,
      /another tenant/,
    ],
  ] as const)
    test(`whose tenant was changed in a row are found by the audit: ${what}`, async () => {
      const databases = admins();
      const index = service === 'transfer' ? 0 : 1 + ORDER_SERVICES.indexOf(service);
      await rolledBack(databases, async (seen) => {
        await rowsOf(seen[index]!, statement);
        const { violations } = await audited(seen);
        const sentences = violations.map(({ invariant, subject, detail }) => `${invariant} ${subject}: ${detail}`);
        assert.match(sentences.join('\n'), said);
      });
    });

  test('are not paid by what another tenant has moved under their key, and the audit does not take it for theirs', async () => {
    const { orderId: id } = shopOf('acme').delivered;
    const { buyer, seller } = shopOf('bolt');
    const placed = {
      orderId: id,
      terms: { ...shopOf('bolt').delivered.terms, buyerWalletId: buyer, sellerWalletId: seller },
    };
    const held = await course.payments.authorize({
      ...{ orderId: id, n: 1, trace, terms: placed.terms, amount: '1.0000', holdSeconds: 3_600 },
    });
    assert.ok(held.outcome === 'held');
    assert.notEqual(held.transferId, transferId(holdKey(id, 1), 'acme' as Tenant));
    const { violations } = await audited(admins());
    assert.deepEqual(
      violations.filter(({ invariant }) => invariant.startsWith('O')),
      [],
    );
  });

  test('have their left-over holds settled one tenant after the other', async () => {
    const { service: database, admin } = services.order;
    assert.equal(await tenantAfter(database, 'default' as Tenant), 'acme');
    assert.equal(await tenantAfter(database, 'acme' as Tenant), 'bolt');
    assert.equal(await tenantAfter(database, 'bolt' as Tenant), 'default');
    const left = await place('bolt' as Tenant, shopOf('bolt'), 'left-over');
    await course.confirm(left);
    await rowsOf(admin, `UPDATE orders SET status = 'CANCELED' WHERE order_id = '${left.orderId}'`);
    const canceled: string[] = [];
    const found = findHolds(stores, async (id) => void canceled.push(id));
    const rounds = createRounds({
      ...{ database, payments: course.payments, logger: pino({ level: 'silent' }) },
      holds: {
        ...found,
        page: (of, from) => (tenantOf(of) === 'acme' ? Promise.reject(new Error('no answer')) : found.page(of, from)),
      },
      starter: { client: { withDeadline: (_: number, call: () => Promise<unknown>) => call() } } as never,
    });
    await rounds.holds();
    await assert.rejects(rounds.holds(), /no answer/);
    assert.deepEqual(canceled, [], 'not of the default tenant, nor of acme, whose holds cannot be had');
    await rounds.holds();
    assert.deepEqual(canceled, [transferId(holdKey(left.orderId, 1), 'bolt' as Tenant)]);
  });
});

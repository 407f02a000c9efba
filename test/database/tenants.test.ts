// Every route of the OpenAPI document is asked with the keys of two tenants: what one has is to the other as if it were not there, and
// what is about the installation as a whole is for the default tenant alone.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { readEvents } from '../../db/events/delivery-queries.ts';
import type { OrderTerms } from '../../domain/order/order.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { startCluster, type TestCluster } from './database.ts';
import { openTwoTenants, type Body, type Things, type TwoTenants } from './two-tenants.ts';

/** About the installation as a whole: for keys of the default tenant, which is the installation's own, and for good. */
const OF_THE_INSTALLATION = [
  'listEventSources',
  'resumeEventSource',
  'listProjections',
  'rebuildProjection',
  'listDeadLetters',
  'retryDeadLetters',
  ...['createTenant', 'listTenants', 'replaceTenantRootKey'],
  'createReconciliationRun',
  'listReconciliationRuns',
  'getReconciliationRun',
];

/** Bodies that are accepted, so that a request is refused for whose thing it names, and for nothing else. */
const BODIES: Readonly<Record<string, (things: Things) => unknown>> = {
  captureTransfer: () => ({}),
  reverseTransfer: () => ({}),
  resolveTransfer: () => ({ action: 'retry', comment: 'said by a test' }),
  resolveCase: () => ({ action: 'close', comment: 'said by a test' }),
  setWalletLimits: () => ({ max_amount: '1.00' }),
  approveTransfer: () => ({ body_hash: '0'.repeat(64), policy_version: 1, comment: 'said by a test' }),
  rejectTransfer: () => ({ body_hash: '0'.repeat(64), policy_version: 1, comment: 'said by a test' }),
  overrideApproval: () => ({ body_hash: '0'.repeat(64), policy_version: 1, comment: 'said by a test' }),
  endApprovalPolicy: () => ({ version: 1 }),
  rotateApiKey: () => ({}),
  updateWebhookEndpoint: () => ({ status: 'PAUSED' }),
  enableWebhookEndpoint: () => ({ from: 'now' }),
  rotateWebhookSecret: () => ({}),
  createWebhookReplay: () => ({ from_position: 1, to_position: 1 }),
  adjustStock: () => ({ quantity: -1, reason: 'said by a test' }),
  cancelOrder: () => ({}),
  handOverConsignment: () => ({ carrier_reference: 'van 1' }),
  resolveOrder: () => ({ action: 'retry', comment: 'said by a test' }),
  createReturn: ({ sku }) => ({ lines: [{ sku, quantity: 1 }] }),
  receiveReturn: () => ({}),
  createCarrierEvent: () => ({ event_id: 'report-1', status: 'DELIVERED', at: '2026-01-01T00:00:00.000Z' }),
};

/** What makes something, which two-tenants.ts asks both tenants to do with the same keys; and what has nothing of anybody's. */
const MAKES_OR_HAS_NOTHING = [
  'createWallet',
  'createTransaction',
  'createTransfer',
  'createTransferBatch',
  'createRecurringTransfer',
  'createPrincipal',
  'createApiKey',
  'createWebhookEndpoint',
  'setApprovalPolicy',
  'cancelTransferByKey',
  'tryTransferBatch',
  'createConsoleLink',
  ...['putProduct', 'countStock', 'receiveStock', 'createOrder'],
];

/** The queries without which a route refuses. */
const QUERIES: Readonly<Record<string, (things: Things) => string>> = {
  find: () => '?q=alice',
  getTrialBalance: ({ seller = randomUUID() }) => `?seller_wallet_id=${seller}`,
};

/** What the search finds by its id, and as what. */
const FOUND = Object.entries({
  ...{ order_id: ['order'], order_case_id: ['order_case'], shipment_id: ['shipment'], invoice_id: ['invoice'] },
  // A return and its credit note have one id.
  ...{ return_id: ['return', 'credit_note'], journal: ['journal'], sku: ['product'] },
  ...{ transfer_id: ['transfer'], wallet_id: ['wallet'] },
});

/** What answers of a thing that nobody has that there is nothing of it, and not 404. */
const NOTHING_OF_IT = ['getWalletActivity', 'getMovementLegs'];

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
}

describe('the tenants of an installation', () => {
  let cluster: TestCluster;
  let world: TwoTenants;
  let acme: Things;
  let bolt: Things;
  let operations: Operation[];
  let refused: Set<string>;
  before(async () => {
    cluster = await startCluster();
    world = await openTwoTenants(cluster);
    acme = await world.furnish('acme');
    bolt = await world.furnish('bolt');
    operations = await operationsOf(world);
    refused = new Set(OF_THE_INSTALLATION);
  });
  after(async () => {
    world?.stop();
    await cluster?.stop();
  });

  const served = (): Operation[] => operations.filter(({ id }) => !refused.has(id));
  const valueOf = (path: string, name: string, things: Things): string => {
    if (name === 'currency') return 'SEK';
    if (name === 'n') return '1';
    // The cases of orders and those of movements are named alike.
    return things[path.startsWith('/v1/order-cases') ? 'order_case_id' : name] ?? randomUUID();
  };
  const fill = (path: string, things: Things): string =>
    path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(valueOf(path, name, things)));
  const bodyOf = ({ id, method }: Operation): unknown => (method === 'GET' ? undefined : BODIES[id]?.(acme));
  /** Everything that tells of a tenant, but for what is the same for all. */
  const marksOf = (things: Things): string[] =>
    Object.entries(things).flatMap(([name, value]) => (name === 'position' ? [] : [value]));

  test('each route keeps them apart, or is refused to all but the default one', async () => {
    const unlisted: string[] = [];
    for (const operation of operations) {
      // Of nobody's things, so that nothing is changed.
      const { status, body } = await world.ask('bolt', operation.method, fill(operation.path, {}), bodyOf(operation));
      const isRefused = status === 403 && body['code'] === 'tenant_not_served';
      if (isRefused !== refused.has(operation.id)) unlisted.push(`${operation.id}: ${status} ${String(body['code'])}`);
    }
    assert.deepEqual(unlisted, []);
    const known = new Set(operations.map(({ id }) => id));
    assert.deepEqual(
      [...refused].filter((id) => !known.has(id)),
      [],
      'no list names what is not there',
    );
  });

  test('two that use the same keys, users and references have made two of everything', () => {
    for (const [name, value] of Object.entries(acme)) assert.notEqual(bolt[name], value, name);
  });

  test('the id of another’s thing is answered as one that nobody has', async () => {
    const tried: string[] = [];
    for (const operation of served()) {
      const { id, method, path } = operation;
      if (MAKES_OR_HAS_NOTHING.includes(id)) continue;
      if (!path.includes('{')) {
        assert.equal(method, 'GET', `${id} makes something, and is not among what both are asked to make`);
        continue;
      }
      const unknown = Object.fromEntries(
        Object.keys(acme).map((name) => [name, name === 'position' ? '999999' : randomUUID()]),
      );
      const ask = async (things: Things) => {
        const { status, text } = await world.ask('bolt', method, fill(path, things), bodyOf(operation));
        const { request_id: _, instance: __, ...told } = JSON.parse(text) as Body;
        const ids = Object.entries(things).filter(([name]) => name !== 'position');
        const names = ids.reduce((shown, [name, id]) => shown.replaceAll(id, `<${name}>`), JSON.stringify(told));
        return { status, told: names };
      };
      const theirs = await ask(acme);
      assert.equal(theirs.status, NOTHING_OF_IT.includes(id) ? 200 : 404, `${id}: ${theirs.told}`);
      assert.deepEqual(theirs, await ask(unknown), id);
      tried.push(id);
    }
    assert.ok(tried.length > 30, String(tried.length));
  });

  test('a tenant is shown its own things', async () => {
    for (const operation of served()) {
      if (operation.method !== 'GET' || operation.id === 'streamEvents' || operation.id === 'getWebhookDelivery')
        continue;
      const { status, text } = await world.ask(
        'acme',
        'GET',
        fill(operation.path, acme) + (QUERIES[operation.id]?.(acme) ?? ''),
      );
      assert.equal(status, 200, `${operation.id}: ${text}`);
    }
  });

  test('what was decided and counted of its own is shown to a tenant', async () => {
    const { body: legs } = await world.ask('acme', 'GET', `/v1/movements/${acme['movement_id']}/legs`);
    assert.equal((legs['entries'] as unknown[]).length, 2);
    const { body: activity } = await world.ask('acme', 'GET', `/v1/wallets/${acme['wallet_id']}/activity`);
    const counted = (activity['data'] as Body[]).map(({ type, count }) => `${String(type)} ${String(count)}`);
    assert.deepEqual(counted, ['wallet.credited 1', 'wallet.debited 1']);
  });

  test('whose wallet another has tried to take from is told nothing of it', async () => {
    const activityOf = async (tenant: string) =>
      (await world.ask(tenant, 'GET', `/v1/wallets/${bolt['wallet_id']}/activity`)).body['data'];
    const before = await activityOf('bolt');
    const theft = { sender_wallet_id: bolt['wallet_id'], receiver_wallet_id: acme['wallet_id'], amount: '1.00' };
    const { body: made } = await world.ask('acme', 'POST', '/v1/transfers', theft, 'theft');
    assert.equal(await world.tryDebit(String(made['transfer_id'])), 'sender_not_found');
    assert.deepEqual(await activityOf('bolt'), before);
    assert.deepEqual(await activityOf('acme'), []);
    const legsFor = async (tenant: string) =>
      (await world.ask(tenant, 'GET', `/v1/movements/${String(made['transfer_id'])}/legs`)).body['fences'] as unknown[];
    assert.deepEqual([(await legsFor('acme')).length, await legsFor('bolt'), await legsFor('default')], [1, [], []]);
  });

  test('no list, sum or search of one shows anything of another', async () => {
    const theirs = marksOf(acme);
    const seen = new Map<string, number>();
    const look = async (id: string, path: string): Promise<void> => {
      const { status, text } = await world.ask('bolt', 'GET', path);
      assert.equal(status, 200, `${path}: ${text}`);
      // What was asked for is repeated by the search.
      const told = id === 'find' ? JSON.stringify((JSON.parse(text) as Body)['data']) : text;
      assert.deepEqual(
        theirs.filter((mark) => told.includes(mark)),
        [],
        `${path}: ${text}`,
      );
      assert.ok(!told.includes('"tenant":"acme"'), path);
      seen.set(id, (seen.get(id) ?? 0) + marksOf(bolt).filter((mark) => told.includes(mark)).length);
    };
    for (const { id, method, path } of served()) {
      if (method !== 'GET' || path.includes('{') || id === 'streamEvents' || id === 'find') continue;
      await look(id, path + (QUERIES[id]?.(bolt) ?? ''));
    }
    for (const wallet of [acme['wallet_id'], bolt['wallet_id']]) {
      await look('filtered', `/v1/transfers?wallet_id=${wallet}`);
      await look('filtered', `/v1/transactions?wallet_id=${wallet}`);
      await look('filtered', `/v1/recurring-transfers?wallet_id=${wallet}`);
      await look('filtered', `/v1/events?subject=${wallet}`);
    }
    for (const query of [`order_id=${acme['order_id']}`, `seller_wallet_id=${acme['seller']}`])
      for (const list of ['invoices', 'credit-notes', 'journals']) await look('filtered', `/v1/${list}?${query}`);
    await look('filtered', `/v1/orders?buyer_wallet_id=${acme['buyer']}`);
    await look('filtered', '/v1/orders?attention=true');
    await look('filtered', '/v1/order-cases?status=OPEN');
    for (const query of [
      'reference=Invoice%207',
      'metadata[order]=42',
      'status=COMPLETED',
      'amount_min=1',
      `reverses_transfer_id=${acme['transfer_id']}`,
    ])
      await look('filtered', `/v1/transfers?${query}`);
    await look('filtered', '/v1/wallets?user_id=alice');
    for (const q of [...theirs, acme['position']!, 'alice', 'Invoice 7', 'order=42'])
      await look('find', `/v1/find?q=${encodeURIComponent(q)}`);
    const empty = [
      'listCurrencies',
      'listEventTypes',
      'getTotals',
      'getFlows',
      'getOverview',
      'filtered',
      'listApprovalPolicies',
    ];
    for (const [id, own] of seen) assert.ok(own > 0 || empty.includes(id), `${id} shows nothing of its own tenant`);
    const { body } = await world.ask('bolt', 'GET', '/v1/totals');
    assert.deepEqual(body['data'], [{ currency: 'USD', total: '150.0000' }]);
  });

  test('the search finds what has an id for its own tenant alone', async () => {
    const found = async (tenant: string, id: string): Promise<unknown[]> => {
      const { body } = await world.ask(tenant, 'GET', `/v1/find?q=${id}`);
      return (body['data'] as Body[]).map((each) => each['type']);
    };
    for (const [name, types] of FOUND) {
      const id = acme[name]!;
      assert.deepEqual(await found('acme', id), types, name);
      for (const tenant of ['bolt', 'default']) assert.deepEqual(await found(tenant, id), [], `${name} for ${tenant}`);
    }
  });

  test('the overview counts the orders that are open and that wait for somebody of its own tenant alone', async () => {
    const counted = async (tenant: string) => {
      const { body } = await world.ask(tenant, 'GET', '/v1/overview');
      const rows = [...(body['attention'] as Body[]), ...(body['under_way'] as Body[])];
      return rows
        .filter(({ kind }) => String(kind).startsWith('order'))
        .map(({ kind, count }) => `${String(kind)} ${String(count)}`);
    };
    const one = await counted('acme');
    assert.deepEqual(one, ['orders 1', 'order_cases 1', 'order 1']);
    assert.deepEqual(await counted('bolt'), one);
    assert.deepEqual(await counted('default'), ['orders 0', 'order_cases 0']);
  });

  test('a stream of events has those of its tenant alone', async () => {
    const response = await world.app.request('/v1/events/stream?after=0', { headers: world.headersOf('bolt') });
    assert.equal(response.status, 200);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes(bolt['approval_id']!)) text += (await reader.read()).value ?? '';
    await reader.cancel();
    assert.ok(text.includes('"tenant":"bolt"'));
    assert.deepEqual(
      marksOf(acme).filter((mark) => text.includes(mark)),
      [],
    );
  });

  test('a webhook endpoint is sent the events of its tenant alone', async () => {
    const { events } = await readEvents(world.stores.events.service, {
      ...{ tenant: 'bolt' as Tenant, after: 0, last: 1_000_000, limit: 10_000 },
    });
    const text = JSON.stringify(events);
    assert.ok(text.includes(bolt['transfer_id']!));
    assert.deepEqual(
      marksOf(acme).filter((mark) => text.includes(mark)),
      [],
    );
  });

  test('the workflow of a movement is told its tenant, and nothing where that is the default one', async () => {
    const wallet = async (tenant: string, user: string): Promise<unknown> =>
      (await world.ask(tenant, 'POST', '/v1/wallets', { user_id: user })).body['wallet_id'];
    for (const tenant of ['acme', 'default']) {
      const body = {
        sender_wallet_id: await wallet(tenant, 'carol'),
        receiver_wallet_id: await wallet(tenant, 'dave'),
      };
      const { body: made } = await world.ask(tenant, 'POST', '/v1/transfers', { ...body, amount: '1.00' }, 'told');
      const input = world.started.get(`transfer/${String(made['transfer_id'])}`) as { terms: TransferTerms };
      assert.equal(input.terms.tenant, tenant === 'default' ? undefined : tenant);
    }
  });

  test('the workflow of an order is told its tenant', () => {
    const { terms } = world.started.get(`order/${acme['order_id']}`) as { terms: OrderTerms };
    assert.equal(terms.tenant, 'acme');
  });

  test('a cancel by key and body reaches no transfer of another who has used that key', async () => {
    const between = { sender_wallet_id: acme['wallet_id'], receiver_wallet_id: acme['other_wallet_id'] };
    // Without Temporal, whether it is canceled is not known; its row is there.
    await world.ask('bolt', 'POST', '/v1/transfers/cancel', { ...between, amount: '3.00' }, 'canceled');
    const made = await world.ask('acme', 'POST', '/v1/transfers', { ...between, amount: '3.00' }, 'canceled');
    assert.deepEqual([made.status, made.isReplayed, made.body['status']], [202, false, 'PENDING']);
  });

  test('the default tenant sees nothing of another in what keeps tenants apart', async () => {
    const marks = [...marksOf(acme), ...marksOf(bolt)];
    for (const { id, method, path } of served()) {
      if (method !== 'GET' || id === 'streamEvents' || id === 'find') continue;
      const { status, text } = await world.ask('default', 'GET', fill(path, acme) + (QUERIES[id]?.({}) ?? ''));
      if (path.includes('{') && !NOTHING_OF_IT.includes(id)) assert.equal(status, 404, `${id}: ${text}`);
      else
        assert.deepEqual(
          marks.filter((mark) => text.includes(mark)),
          [],
          `${path}: ${text}`,
        );
    }
  });
});

async function operationsOf({ app }: TwoTenants): Promise<Operation[]> {
  const document = (await (await app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, { operationId: string; security?: object[] }>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { operationId: id, security }]) =>
      security === undefined || security.length === 0 ? [] : [{ id, method: method.toUpperCase(), path }],
    ),
  );
}

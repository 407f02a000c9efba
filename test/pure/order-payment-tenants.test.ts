// The order worker's requests for money name the tenant of the order, each of them, and none for the default one.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { transferId } from '../../domain/derived-id.ts';
import type { ReturnId } from '../../domain/ids.ts';
import { holdKey } from '../../domain/order/money.ts';
import { DEFAULT_TENANT, ofTenant, TENANT_HEADER, type Tenant } from '../../domain/tenant.ts';
import { createHolds } from '../../workers/order/holds.ts';
import { createPayments } from '../../workers/order/payments.ts';
import { termsOf } from '../workflow/order-run.ts';

const ACME = 'acme' as Tenant;
const terms = termsOf({});
const { orderId } = terms;
const trace = { requestId: 'test' };
/** The holds of an order's two parts: one is the order's in the default tenant, the other in another one. */
const HOLDS = [DEFAULT_TENANT, ACME].map((tenant, index) => ({
  transfer_id: transferId(holdKey(orderId, index + 1), tenant),
  ...{ status: 'DEBITED', capture_method: 'manual', created_at: '2026-01-01T00:00:00.000Z' },
  metadata: { order_id: orderId, consignment: String(index + 1) },
}));

const named: (string | undefined)[] = [];
const server = createServer((request, response) => {
  named.push(request.headers[TENANT_HEADER] as string | undefined);
  const isList = request.method === 'GET' && request.url!.startsWith('/v1/transfers?');
  response.writeHead(200, { 'content-type': 'application/json' });
  const transfer = { transfer_id: orderId, status: 'COMPLETED', amount: '25.0000', captured_amount: '25.0000' };
  response.end(JSON.stringify(isList ? { data: HOLDS, next_cursor: null } : transfer));
});
let url: string;
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** The tenants that the requests of a call have named. What is made of the answers is not asked. */
async function namedBy(call: () => Promise<unknown>): Promise<(string | undefined)[]> {
  named.length = 0;
  await call().catch(() => {});
  assert.ok(named.length > 0);
  return [...new Set(named)];
}

for (const tenant of [ACME, DEFAULT_TENANT])
  test(`of an order of ${tenant}`, async () => {
    const of = ofTenant(tenant);
    const payments = createPayments(url, undefined);
    const holds = createHolds(url, undefined);
    const hold = transferId(holdKey(orderId, 1), tenant);
    const input = { ...{ orderId, n: 1, trace, amount: '25.0000', holdSeconds: 3_600 }, terms: { ...terms, ...of } };
    const refund = { returnId: orderId as string as ReturnId, transferId: hold, amount: '1.0000', trace };
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      authorize: () => payments.authorize(input),
      captureHold: () => payments.captureHold({ orderId, transferId: hold, trace, ...of }),
      voidHold: () => payments.voidHold(input),
      collect: () => payments.collect(input),
      closeCollection: () => payments.closeCollection(input),
      refundReturn: () => payments.refundReturn({ ...refund, ...of }),
      page: () => holds.page(of, undefined),
      cancel: () => holds.cancel({ ...{ orderId, n: 1, transferId: hold, createdAtMs: 0 }, ...of }),
    };
    for (const [name, call] of Object.entries(calls))
      assert.deepEqual(await namedBy(call), [tenant === DEFAULT_TENANT ? undefined : tenant], name);
  });

test('a hold is taken for an order’s only by the id that its key has in the tenant', async () => {
  const { page } = createHolds(url, undefined);
  const idsOf = async (tenant: Tenant) => (await page(ofTenant(tenant), undefined)).holds.map((hold) => hold.n);
  assert.deepEqual(await idsOf(DEFAULT_TENANT), [1]);
  assert.deepEqual(await idsOf(ACME), [2]);
});

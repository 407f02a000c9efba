// An installation without the databases of orders: each operation on orders is refused, whatever is asked, and all others are as ever.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SENDER, testApp, type Problem } from './api-fakes.ts';

const TAGS = ['Products', 'Orders', 'Returns', 'Stock', 'Shipments', 'Books'];

interface Operation {
  readonly tags: readonly string[];
  readonly responses: Readonly<Record<string, unknown>>;
}

test('each operation on orders is answered 501 orders_not_configured, as it is documented', async () => {
  const { app } = testApp();
  const { paths } = (await (await app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })),
  );
  const ofOrders = operations.filter(({ tags }) => tags.some((tag) => TAGS.includes(tag)));
  assert.deepEqual([...new Set(ofOrders.flatMap(({ tags }) => tags))].toSorted(), TAGS.toSorted());
  for (const { method, path, responses } of ofOrders) {
    assert.ok('501' in responses, `${method} ${path} documents it`);
    // With an id that would do, and with one that would not.
    for (const id of [SENDER, 'x']) {
      const response = await app.request(path.replace(/\{\w+\}/g, id), { method });
      const { code } = (await response.json()) as Problem;
      assert.deepEqual([response.status, code], [501, 'orders_not_configured'], `${method} ${path}`);
    }
  }
  for (const { method, path, tags, responses } of operations.filter((each) => !ofOrders.includes(each)))
    assert.ok(!JSON.stringify(responses).includes('orders_not_configured'), `${method} ${path}, ${tags.join()}`);
  assert.equal((await app.request('/v1/transfers/x')).status, 422);
});

test('readiness says nothing of orders', async () => {
  const { app } = testApp();
  const response = await app.request('/health/ready');
  assert.equal(response.status, 200);
  assert.ok(!('orders' in ((await response.json()) as object)));
});

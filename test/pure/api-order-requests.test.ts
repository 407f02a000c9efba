// A wrong order names each of its faults once, in the words of an order, and reaches no database: the one here throws at any use.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderRoutes, type PlacingDeps } from '../../api/order/order.ts';
import { baseApp, RECEIVER, SENDER, type Problem } from './api-fakes.ts';

const ORDER = { buyer_wallet_id: SENDER, seller_wallet_id: RECEIVER, lines: [{ sku: 'TEAPOT', quantity: 1 }] };

async function refused(change: object): Promise<Problem> {
  const response = await baseApp()
    .route('/', orderRoutes({} as PlacingDeps))
    .request('/v1/orders', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'a-key' },
      body: JSON.stringify({ ...ORDER, ...change }),
    });
  return (await response.json()) as Problem;
}

test('a quantity that breaks several bounds is named once, and so is each wrong line', async () => {
  const quantities = [1e99, 1, -1e99];
  const lines = quantities.map((quantity, place) => ({ sku: `TEAPOT-${place}`, quantity }));
  const { status, code, errors } = await refused({ lines });
  assert.deepEqual([status, code], [422, 'quantity_invalid']);
  assert.deepEqual(
    errors!.map((fault) => [fault.pointer, fault.code]),
    [0, 2].map((place) => [`/lines/${place}/quantity`, 'quantity_invalid']),
  );
});

test('a buyer that is the seller is told so in these words', async () => {
  const { status, code, detail, errors } = await refused({ seller_wallet_id: SENDER });
  const said = 'Buyer and seller must be two wallets.';
  assert.deepEqual([status, code, detail], [422, 'same_wallet', `seller_wallet_id: ${said}`]);
  assert.deepEqual(errors, [{ pointer: '/seller_wallet_id', code, detail: said }]);
});

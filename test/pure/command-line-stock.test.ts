// `counterpoise stock`: changes are sent as they were said, with their key, and what is no quantity is sent nowhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCounterpoise, startFakeApi } from './run-counterpoise.ts';

const ENTRY = { sku: 'cup', type: 'ADJUSTMENT', on_hand_after: 7, reserved_after: 3 };

test('stock is received, and adjusted up and down, under the key that was given', async () => {
  const asked: unknown[] = [];
  const { server, env } = await startFakeApi(({ route, headers, body }) => {
    asked.push([route, headers['idempotency-key'], body]);
    return [201, ENTRY];
  });
  try {
    const run = (...args: string[]) => runCounterpoise(['stock', ...args, '--key', 'k-1'], { env });
    assert.equal((await run('receive', 'cup', '10', '--unit-cost', '7.25')).code, 0);
    const { code, stdout } = await run('adjust', 'cup', '-3', 'Broken');
    assert.deepEqual([code, /on hand +7/.test(stdout)], [0, true], stdout);
    assert.equal((await run('adjust', 'cup', '2', 'Found')).code, 0);
    for (const quantity of ['0', '-0', '--3', '1.5', '1000001'])
      assert.equal((await run('adjust', 'cup', quantity, 'x')).code, 2);
    assert.deepEqual(asked, [
      ['POST /v1/stock/cup/receipts', 'k-1', { quantity: 10, unit_cost: '7.25' }],
      ['POST /v1/stock/cup/adjustments', 'k-1', { quantity: -3, reason: 'Broken' }],
      ['POST /v1/stock/cup/adjustments', 'k-1', { quantity: 2, reason: 'Found' }],
    ]);
  } finally {
    server.close();
  }
});

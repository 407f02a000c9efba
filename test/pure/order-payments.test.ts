// The money of orders over HTTP, against an API that keeps its transfers by their keys.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { collectionKey } from '../../domain/order/money.ts';
import type { AuthorizeInput } from '../../domain/order/operations.ts';
import { createPayments, type Payments } from '../../workers/order/payments.ts';
import { termsOf } from '../workflow/order-run.ts';

const terms = termsOf({});
const input: AuthorizeInput = {
  ...{ orderId: terms.orderId, n: 1, terms, amount: '25.0000', holdSeconds: 3_600, trace: { requestId: 'test' } },
};

/** `ends` says how each new transfer ends. */
async function withApi(
  ends: ('COMPLETED' | 'FAILED')[],
  use: (payments: Payments, transfers: Map<string, string>) => Promise<void>,
): Promise<void> {
  const transfers = new Map<string, string>();
  const server = createServer((request: IncomingMessage, response) => {
    const key = request.headers['idempotency-key'] as string;
    const isCancel = request.url === '/v1/transfers/cancel';
    const before = transfers.get(key);
    const status = before ?? (isCancel ? 'CANCELED' : ends.shift()!);
    transfers.set(key, status);
    const isRefused = isCancel && status === 'COMPLETED';
    response.writeHead(isRefused ? 409 : 200, {
      'content-type': isRefused ? 'application/problem+json' : 'application/json',
      ...(before === undefined ? {} : { 'idempotent-replayed': 'true' }),
    });
    const failure_reason = status === 'FAILED' ? 'insufficient_funds' : null;
    response.end(
      JSON.stringify(
        isRefused
          ? { type: 'about:blank', status: 409, code: 'not_cancelable', transfer_id: key, transfer_status: status }
          : { transfer_id: key, status, failure_reason },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(createPayments(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), transfers);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const key = (attempt: number) => collectionKey(terms.orderId, 1, attempt);

test('what was refused is collected under another key, and once', async () => {
  await withApi(['FAILED', 'COMPLETED'], async ({ collect }, transfers) => {
    assert.deepEqual(await collect(input), { outcome: 'refused', reason: 'insufficient_funds' });
    for (let repeats = 0; repeats < 2; repeats += 1)
      assert.deepEqual(await collect(input), { outcome: 'collected', transferId: key(2) });
    assert.equal(transfers.size, 2);
  });
});

test('a collection that was closed is never made, however late it is asked for and however often', async () => {
  await withApi(['FAILED', 'COMPLETED', 'COMPLETED'], async ({ collect, closeCollection }, transfers) => {
    await collect(input);
    for (let repeats = 0; repeats < 2; repeats += 1) {
      assert.deepEqual(await closeCollection(input), { outcome: 'closed' });
      assert.deepEqual(await collect(input), { outcome: 'refused', reason: 'canceled' });
    }
    assert.deepEqual(
      [...transfers],
      [
        [key(1), 'FAILED'],
        [key(2), 'CANCELED'],
      ],
    );
  });
});

test('a collection that was made cannot be closed, and the caller is told which transfer it was', async () => {
  await withApi(['FAILED', 'COMPLETED'], async ({ collect, closeCollection }) => {
    await collect(input);
    await collect(input);
    assert.deepEqual(await closeCollection(input), { outcome: 'collected', transferId: key(2) });
  });
});

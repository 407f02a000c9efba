// The money of orders over HTTP, against an API that keeps its transfers by their keys.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TransferId } from '../../domain/ids.ts';
import { collectionKey, holdKey, partReversalKey, voidKey } from '../../domain/order/money.ts';
import type { AuthorizeInput } from '../../domain/order/operations.ts';
import { createPayments, type Payments } from '../../workers/order/payments.ts';
import { termsOf } from '../workflow/order-run.ts';

const terms = termsOf({});
const input: AuthorizeInput = {
  ...{ orderId: terms.orderId, n: 1, terms, amount: '25.0000', holdSeconds: 3_600, trace: { requestId: 'test' } },
};

/** `ends` says how each new transfer ends; the keys of `others` were used for other bodies; so much was `captured` of the hold by hand. */
async function withApi(
  ends: ('COMPLETED' | 'FAILED')[],
  use: (payments: Payments, transfers: Map<string, string>) => Promise<void>,
  others: readonly string[] = [],
  captured = '25.0000',
): Promise<void> {
  const transfers = new Map<string, string>();
  const server = createServer((request: IncomingMessage, response) => {
    const { url = '' } = request;
    if (request.method === 'GET') {
      const isList = url.startsWith('/v1/transfers?');
      response.writeHead(200, { 'content-type': 'application/json' });
      const hold = { transfer_id: 'the-hold', status: 'COMPLETED', amount: '25.0000', captured_amount: captured };
      response.end(JSON.stringify(isList ? { data: [], next_cursor: null } : hold));
      return;
    }
    if (url.endsWith('/capture')) {
      response.writeHead(409, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ type: 'about:blank', status: 409, code: 'not_capturable' }));
      return;
    }
    const key = `${url.endsWith('/reversals') ? 'reversal ' : ''}${request.headers['idempotency-key'] as string}`;
    if (others.includes(key)) {
      response.writeHead(422, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ type: 'about:blank', status: 422, code: 'idempotency_key_reused' }));
      return;
    }
    const isCancel = url === '/v1/transfers/cancel';
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
          : { transfer_id: key, status, failure_reason, expires_at: '2026-01-01T00:00:00.000Z' },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(createPayments(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, undefined), transfers);
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

test('an order whose key somebody has used for something else is refused, and there is nothing to void', async () => {
  const use = async ({ authorize, voidHold }: Payments): Promise<void> => {
    assert.deepEqual(await authorize(input), { outcome: 'refused', reason: 'idempotency_key_reused' });
    await voidHold(input);
  };
  await withApi([], use, [holdKey(terms.orderId, 1)]);
});

test('a key of a collection that somebody has used for something else is passed over, whether it is made or closed', async () => {
  const use = async ({ collect, closeCollection }: Payments, transfers: Map<string, string>): Promise<void> => {
    assert.deepEqual(await collect(input), { outcome: 'refused', reason: 'insufficient_funds' });
    assert.deepEqual(await closeCollection(input), { outcome: 'closed' });
    assert.deepEqual(await collect(input), { outcome: 'refused', reason: 'canceled' });
    assert.deepEqual([...transfers.keys()], [key(2), key(4)]);
  };
  await withApi(['FAILED'], use, [key(1), key(3)]);
});

test('a hold that somebody has captured is given back under a further key, if the seller could not pay before', async () => {
  await withApi(['COMPLETED', 'FAILED', 'COMPLETED'], async ({ authorize, voidHold }, transfers) => {
    await authorize(input);
    await assert.rejects(voidHold(input), /cannot be given back now: insufficient_funds/);
    await voidHold(input);
    await voidHold(input);
    assert.deepEqual(
      [...transfers],
      [
        [holdKey(terms.orderId, 1), 'COMPLETED'],
        [`reversal ${holdKey(terms.orderId, 1)}`, 'FAILED'],
        [`reversal ${voidKey(terms.orderId, 1, 2)}`, 'COMPLETED'],
      ],
    );
  });
});

test('a hold of which somebody has captured a part is given back once, and is lost: the whole is due then', async () => {
  const { orderId, trace } = input;
  const transferId = 'the-hold' as TransferId;
  const use = async ({ captureHold }: Payments, transfers: Map<string, string>): Promise<void> => {
    await assert.rejects(captureHold({ orderId, trace, transferId }), /cannot be given back now: insufficient_funds/);
    for (let repeats = 0; repeats < 2; repeats += 1)
      assert.deepEqual(await captureHold({ orderId, trace, transferId }), { outcome: 'lost' });
    assert.deepEqual(
      [...transfers],
      [
        [`reversal ${partReversalKey(orderId, transferId, 1)}`, 'FAILED'],
        [`reversal ${partReversalKey(orderId, transferId, 2)}`, 'COMPLETED'],
      ],
    );
  };
  await withApi(['FAILED', 'COMPLETED'], use, [], '0.0100');
});

test('a hold that somebody has captured as a whole is captured', async () => {
  const { orderId, trace } = input;
  await withApi([], async ({ captureHold }) =>
    assert.deepEqual(await captureHold({ orderId, trace, transferId: 'the-hold' as TransferId }), {
      outcome: 'captured',
    }),
  );
});

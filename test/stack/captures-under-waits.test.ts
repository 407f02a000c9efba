// Captures, cancels and resolutions are taken however many clients wait for movements: on a real stack, with the most waits that
// it allows.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiClient } from './api-client.ts';
import { startStack, until, type TestStack } from './stack.ts';

/** As many as may wait at once, and some more. */
const WAITS = 1_010;
const FILLED_LIMIT_MS = 120_000;
const OVERLOADED = 429;
const FIRST_PAUSE_MS = 200;
const PAUSE_MAX_MS = 5_000;

describe('while as many clients wait for movements as may', () => {
  let stack: TestStack;
  const api = apiClient(
    () => stack.api,
    () => stack.authorization,
  );
  const gone = new AbortController();
  const held: string[] = [];

  before(async () => {
    stack = await startStack();
    await stack.waitUntilReady();
    const [sender, receiver] = [await api.wallet('100.00'), await api.wallet()];
    const create = (more: object, headers: Record<string, string>) =>
      api.post(
        '/v1/transfers',
        { sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '10', ...more },
        headers,
      );
    for (let n = 0; n < 3; n += 1) {
      const { body } = await create(
        { capture_method: 'manual' },
        { 'idempotency-key': randomUUID(), prefer: 'wait=30' },
      );
      assert.equal(body['status'], 'DEBITED');
      held.push(String(body['transfer_id']));
    }

    const tomorrow = { scheduled_at: new Date(Date.now() + 86_400_000).toISOString() };
    const key = randomUUID();
    const { body: scheduled } = await create(tomorrow, { 'idempotency-key': key });
    assert.equal(scheduled['status'], 'SCHEDULED');
    const init = {
      method: 'POST',
      headers: {
        ...stack.authorization,
        'content-type': 'application/json',
        'idempotency-key': key,
        prefer: 'wait=60',
      },
      body: JSON.stringify({ sender_wallet_id: sender, receiver_wallet_id: receiver, amount: '10', ...tomorrow }),
      signal: gone.signal,
    };
    // On a busy machine some are refused, because so many are at work until they wait, and the first waits end before the last ones
    // have begun: all come again, later each time, so that refusals do not keep the API from what it is to answer.
    const waitAgain = async (): Promise<void> => {
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
        const { status, body } = await fetch(`${stack.api}/v1/transfers`, init);
        await body?.cancel();
        if (status !== OVERLOADED) pauseMs = FIRST_PAUSE_MS;
        await sleep(pauseMs * (0.5 + Math.random()), undefined, { signal: gone.signal });
      }
    };
    for (let n = 0; n < WAITS; n += 1) void waitAgain().catch(() => {});
    // Who finds no room to wait is answered without having waited.
    await until(FILLED_LIMIT_MS, 'there is room to wait', async () => {
      const { status, headers } = await create(tomorrow, { 'idempotency-key': key, prefer: 'wait=1' });
      return status === 202 && !headers.has('preference-applied');
    });
  });
  after(async () => {
    gone.abort();
    await stack?.remove();
  });

  test('a hold is captured, and its end is waited for', async () => {
    const { status, body } = await api.post(`/v1/transfers/${held[0]}/capture`, {}, { prefer: 'wait=30' });
    assert.deepEqual([status, body['status']], [200, 'COMPLETED'], JSON.stringify(body));
  });

  test('a hold is canceled, and its end is waited for', async () => {
    const { status, body } = await api.post(`/v1/transfers/${held[1]}/cancel`, {}, { prefer: 'wait=30' });
    assert.deepEqual([status, body['status']], [200, 'CANCELED'], JSON.stringify(body));
  });

  test('an operator who resolves a transfer is answered by its workflow', async () => {
    const resolution = { action: 'retry', comment: 'The shard is back.' };
    const { body } = await api.post(`/v1/transfers/${held[2]}/resolve`, resolution, { 'x-actor': 'alice' });
    assert.equal(body['code'], 'not_resolvable', JSON.stringify(body));
  });
});

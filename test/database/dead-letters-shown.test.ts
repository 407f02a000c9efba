// The gauge of what was given up: it shows what is there, for as long as it is there, and costs no more for what has ended well.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deliveryState } from '../../db/events/state-queries.ts';
import { rowsOf } from './database.ts';
import { explaining, nodesOf, type PlanNode } from './plans.ts';
import { useHooks } from './webhooks.ts';

describe('the gauge of dead letters', () => {
  const { open } = useHooks();

  test('shows the webhooks that were given up until they are delivered after all, or their endpoint is deleted', async () => {
    const { events, endpoint } = await open();
    const [first, second] = [await endpoint('http://127.0.0.1:1/'), await endpoint('http://127.0.0.1:2/')];
    const store = (id: string, status: string, from: number, to: number) =>
      rowsOf(
        events.admin,
        `INSERT INTO webhook_deliveries (webhook_endpoint_id, position, type, subject, status, is_parking)
         SELECT '${id}', n, 'some', 's' || n, '${status}', false FROM generate_series(${from}, ${to}) n`,
      );
    const shown = async (): Promise<number | undefined> =>
      (await deliveryState(events.service)).deadLetters.get('webhooks');
    assert.equal(await shown(), 0);
    await store(first, 'FAILED', 1, 3);
    await store(second, 'FAILED', 1, 2);
    await store(first, 'PENDING', 4, 5);
    assert.equal(await shown(), 5);
    await rowsOf(events.admin, `UPDATE webhook_deliveries SET status = 'DELIVERED' WHERE position = 2`);
    assert.equal(await shown(), 3);
    await rowsOf(events.admin, `DELETE FROM webhook_endpoints WHERE webhook_endpoint_id = '${first}'`);
    assert.equal(await shown(), 1);
    // However many were delivered in the end.
    await store(second, 'DELIVERED', 1_000, 20_000);
    await rowsOf(events.admin, 'ANALYZE webhook_deliveries');
    const plans: PlanNode[] = [];
    await deliveryState(explaining(events.service, plans));
    const read = plans.flatMap(nodesOf).filter((node) => node['Relation Name'] === 'webhook_deliveries');
    assert.ok(read.length > 0);
    for (const node of read) assert.notEqual(node['Node Type'], 'Seq Scan', JSON.stringify(node));
  });

  test('shows the dead letters of a projection, and those of its next generation', async () => {
    const { events } = await open();
    const park = (consumer: string, id: string, retryAt: string) =>
      rowsOf(
        events.admin,
        `INSERT INTO parked_events (consumer, event_id, position, subject, event, retry_at)
         VALUES ('${consumer}', '${id}', 1, 's', '{}', ${retryAt})`,
      );
    await rowsOf(events.admin, `UPDATE projections SET next_generation = generation + 1 WHERE name = 'flows'`);
    await park('flows.1', 'a', 'NULL');
    await park('flows.2', 'b', 'NULL');
    await park('flows.2', 'c', `'infinity'`);
    const { deadLetters } = await deliveryState(events.service);
    assert.deepEqual([deadLetters.get('flows'), deadLetters.get('wallet_activity')], [2, 0]);
  });
});

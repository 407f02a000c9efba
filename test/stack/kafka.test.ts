// Events of a real stack in a real Kafka: whatever becomes of the broker, movements go on, and every event is there afterwards, valid
// by its schema and in the order of its subject.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, describe, test } from 'node:test';
import { DEAD_LETTER_TOPIC, EVENTS_TOPIC } from '../../domain/events/kafka-topics.ts';
import type { KafkaBroker } from '../../dev/kafka-broker.ts';
import { lacksKafka, startKafka } from '../database/kafka-broker.ts';
import { eventFaults } from '../pure/event-validation.ts';
import { apiClient } from './api-client.ts';
import { startStack, until, type TestStack } from './stack.ts';

const CATCH_UP_LIMIT_MS = 180_000;

interface Logged {
  readonly position: number;
  readonly id: string;
  readonly subject: string;
}

describe('events in Kafka', { skip: lacksKafka }, () => {
  let broker: KafkaBroker | undefined;
  let stack: TestStack | undefined;
  const api = apiClient(
    () => stack!.api,
    () => stack!.authorization,
  );

  afterEach(async () => {
    await stack?.remove();
    stack = undefined;
  });
  after(() => broker?.remove());

  async function log(): Promise<Logged[]> {
    const events: Logged[] = [];
    for (let after = 0; ;) {
      const { body } = await api.get<{ data: Logged[]; next_after: number; head: number }>(
        `/v1/events?limit=1000&after=${after}`,
      );
      events.push(...body.data);
      if (body.next_after === body.head) return events;
      after = body.next_after;
    }
  }

  /** Waits until Kafka has all that is in the log, once the log has the ends of all movements. */
  async function assertAllThere(movements: number): Promise<void> {
    const ended = /^(transfer\.completed|transaction\.processed)\//;
    let logged: Logged[] = [];
    await until(CATCH_UP_LIMIT_MS, 'the log lacks ends', async () => {
      logged = await log();
      return logged.filter(({ id }) => ended.test(id)).length >= movements;
    });
    let messages = await broker!.messages(EVENTS_TOPIC);
    await until(CATCH_UP_LIMIT_MS, 'Kafka lacks events', async () => {
      // Each database has an outbox of its own: events of the other ones may come into the log after the ends.
      logged = await log();
      messages = await broker!.messages(EVENTS_TOPIC);
      return new Set(messages.map(({ headers }) => headers['ce_id'])).size === logged.length;
    });
    const faultsOf = eventFaults();
    for (const { value } of messages) assert.deepEqual(faultsOf(JSON.parse(value) as Record<string, unknown>), []);
    const subjects = new Set(logged.map(({ subject }) => subject));
    for (const subject of subjects) {
      const arrived = messages.filter(({ key }) => key === subject).map(({ headers }) => headers['ce_id']);
      assert.deepEqual(
        [...new Set(arrived)],
        logged.filter((event) => event.subject === subject).map(({ id }) => id),
      );
    }
    assert.deepEqual(await broker!.messages(DEAD_LETTER_TOPIC), []);
  }

  test('movements do not wait for a broker that is missing or was killed, and it has every event in the end', async () => {
    broker = await startKafka({ isStarted: false });
    stack = await startStack({ env: { KAFKA_BROKERS: broker.address } });
    await stack.waitUntilReady();
    const [sender, receiver] = [await api.wallet('1000'), await api.wallet()];
    // A busy machine may refuse one for now; as clients should, this repeats it with its key.
    const transfer = async (): Promise<void> => {
      const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=10' };
      await until(CATCH_UP_LIMIT_MS, 'a transfer does not complete', async () => {
        const { body } = await api.transfer(sender, receiver, '1', headers);
        return body.status === 'COMPLETED';
      });
    };
    const transfers = async (count: number): Promise<void> => {
      await Promise.all(Array.from({ length: count }, transfer));
    };
    // No broker yet.
    await transfers(20);
    await broker.start();
    await until(CATCH_UP_LIMIT_MS, 'nothing is published', async () => EVENTS_TOPIC in (await broker!.topics()));
    // It is killed while they move.
    const moving = transfers(60);
    await until(CATCH_UP_LIMIT_MS, 'no transfer has begun', async () => (await log()).length > 100);
    await broker.kill();
    await moving;
    await transfers(20);
    await broker.start();
    await transfers(20);
    await assertAllThere(121);
  });

  test('where the services run apart, the events worker publishes', async () => {
    await broker!.remove();
    broker = await startKafka();
    stack = await startStack({ separate: true, env: { KAFKA_BROKERS: broker.address } });
    await stack.waitUntilReady();
    const [sender, receiver] = [await api.wallet('10'), await api.wallet()];
    assert.equal((await api.transfer(sender, receiver, '1')).body.status, 'COMPLETED');
    await assertAllThere(2);
  });
});

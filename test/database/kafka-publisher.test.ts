// The publisher against a real broker: whatever happens to either, each event of the log is in Kafka, in its subject's order.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { appendEvents, openCursor, readHead } from '../../db/events/log-queries.ts';
import { takeLease } from '../../db/events/lease-queries.ts';
import { listReaders } from '../../db/events/state-queries.ts';
import type { CloudEvent } from '../../domain/event.ts';
import { DEAD_LETTER_TOPIC, EVENTS_TOPIC } from '../../domain/events/kafka-topics.ts';
import { readSettings } from '../../process/config.ts';
import { createMetrics, type Metrics } from '../../process/metrics.ts';
import { startKafkaPublisher, type KafkaPublisher } from '../../workers/events/kafka-publisher.ts';
import { kafkaOptions } from '../../workers/events/kafka-options.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';
import type { KafkaBroker, KafkaMessage } from '../../dev/kafka-broker.ts';
import { lacksKafka, startKafka } from './kafka-broker.ts';

const CATCH_UP_LIMIT_MS = 120_000;

describe('the publisher to Kafka', { skip: lacksKafka }, () => {
  let cluster: TestCluster;
  let events: TestDatabase;
  let broker: KafkaBroker | undefined;
  let publishers: KafkaPublisher[] = [];
  let lines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line) as never) });

  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());
  beforeEach(async () => {
    ({ events } = await cluster.createStores({ shards: 1 }));
    lines = [];
  });
  afterEach(async () => {
    await Promise.all(publishers.map((each) => each.stop()));
    publishers = [];
    await broker?.remove();
    broker = undefined;
  });

  function publish(metrics?: Metrics): KafkaPublisher {
    const options = kafkaOptions(readSettings({ KAFKA_BROKERS: broker!.address }))!;
    const publisher = startKafkaPublisher({ database: events.service, options, logger, metrics });
    publishers.push(publisher);
    return publisher;
  }

  let appended = 0;
  /** Appends events to the log, of ten subjects in turn; `size` adds so many bytes to each. */
  async function append(count: number, size = 0): Promise<void> {
    const database = events.service;
    const lease = (await takeLease(database, 'relay', 'test', 60_000))!;
    const cursor = await openCursor(database, 'test', 'a server');
    const { position } = await readHead(database);
    const chained = Array.from({ length: count }, () => {
      const event = eventOf((appended += 1), size);
      return { event, payload: JSON.stringify(event), chain: '00'.repeat(32) };
    });
    assert.equal(await appendEvents(database, lease, position, chained, cursor), true);
  }

  function eventOf(n: number, size: number): CloudEvent {
    return {
      specversion: '1.0',
      id: `test.happened/${n}`,
      source: 'urn:counterpoise:test',
      type: 'test.happened',
      subject: `subject-${n % 10}`,
      time: '2026-01-31T12:00:00.000Z',
      datacontenttype: 'application/json',
      dataschema: 'urn:counterpoise:event:test.happened:v1',
      data: { n: `${n}`, ...(size === 0 ? {} : { padding: 'x'.repeat(size) }) },
    };
  }

  async function cursor(): Promise<number> {
    const rows = await rowsOf<{ position: number }>(events.admin, 'SELECT position::int FROM log_cursors');
    return rows[0]?.position ?? 0;
  }

  /** Waits until the cursor is at the head. */
  async function caughtUp(): Promise<void> {
    const { position } = await readHead(events.service);
    await until(async () => (await cursor()) === position, `the cursor is not at ${position}`);
  }

  async function until(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
    const limit = Date.now() + CATCH_UP_LIMIT_MS;
    while (!(await isSo())) {
      if (Date.now() > limit) throw new Error(`${otherwise}: ${JSON.stringify(lines.slice(-3))}`);
      await sleep(20);
    }
  }

  /** Each subject's positions in the order in which they first came. A repeat is no fault: a reader knows it by its id. */
  function firstArrivals(messages: readonly KafkaMessage[]): Map<string, number[]> {
    const bySubject = new Map<string, Set<number>>();
    for (const { key, headers } of messages) {
      const seen = bySubject.get(key) ?? new Set();
      bySubject.set(key, seen.add(Number(headers['ce_position'])));
    }
    return new Map([...bySubject].map(([key, positions]) => [key, [...positions]]));
  }

  /** Every event of the log is there, each subject's in one partition and in its order. Returns how often one came again. */
  async function assertAllThere(messages: readonly KafkaMessage[], except: readonly number[] = []): Promise<number> {
    const rows = await rowsOf<{ position: number; subject: string; text: string }>(
      events.admin,
      'SELECT position::int, subject, payload::text AS text FROM event_log ORDER BY position',
    );
    const expected = rows.filter(({ position }) => !except.includes(position));
    const texts = new Map(expected.map(({ position, text }) => [`${position}`, text]));
    for (const { headers, value } of messages) assert.equal(value, texts.get(headers['ce_position']!));
    const bySubject = new Map<string, number[]>();
    for (const { subject, position } of expected) bySubject.set(subject, [...(bySubject.get(subject) ?? []), position]);
    assert.deepEqual(firstArrivals(messages), bySubject);
    for (const subject of bySubject.keys())
      assert.equal(new Set(messages.filter(({ key }) => key === subject).map(({ partition }) => partition)).size, 1);
    return messages.length - expected.length;
  }

  test('makes the topics, and publishes each event once, byte for byte, in the order of its subject', async () => {
    broker = await startKafka();
    await append(2_500);
    const publisher = publish();
    await caughtUp();
    await append(30);
    publisher.wake();
    await caughtUp();
    assert.deepEqual(await broker.topics(), { [EVENTS_TOPIC]: 6, [DEAD_LETTER_TOPIC]: 6 });
    const messages = await broker.messages(EVENTS_TOPIC);
    assert.equal(await assertAllThere(messages), 0);
    const { key, headers, value } = messages.find((each) => each.headers['ce_position'] === '1')!;
    const event = JSON.parse(value) as CloudEvent;
    assert.deepEqual(
      [key, headers],
      [
        event.subject,
        {
          'content-type': 'application/cloudevents+json; charset=UTF-8',
          ce_specversion: '1.0',
          ce_id: event.id,
          ce_source: event.source,
          ce_type: event.type,
          ce_subject: event.subject,
          ce_time: event.time,
          ce_position: '1',
        },
      ],
    );
    assert.deepEqual(await broker.messages(DEAD_LETTER_TOPIC), []);
  });

  test('a broker that is killed under load, twice, loses nothing and reverses nothing', async () => {
    broker = await startKafka();
    const publisher = publish();
    for (let round = 0; round < 2; round += 1) {
      const load = (async () => {
        for (let n = 0; n < 60; n += 1) {
          await append(100);
          publisher.wake();
        }
      })();
      const from = await cursor();
      await until(async () => (await cursor()) > from, 'nothing is published');
      await broker.kill();
      await load;
      assert.ok((await cursor()) < (await readHead(events.service)).position, 'the broker was killed too late');
      await broker.start();
      await caughtUp();
    }
    const repeats = await assertAllThere(await broker.messages(EVENTS_TOPIC));
    assert.ok(repeats <= 4_000, `${repeats} came again`);
  });

  test('a broker that is not there at the start is waited for, and how far it is behind is known', async () => {
    broker = await startKafka({ isStarted: false });
    await append(10);
    publish();
    await until(async () => lines.some(({ failures }) => failures === 2), 'no second attempt');
    assert.equal(await cursor(), 0);
    const readers = await listReaders(events.service);
    assert.equal(readers.find(({ reader }) => reader === 'kafka')?.events, 10);
    await broker.start();
    await caughtUp();
    await assertAllThere(await broker.messages(EVENTS_TOPIC));
  });

  test('an event that is too large is in the dead-letter topic, and those around it are published', async () => {
    broker = await startKafka();
    await broker.createTopic(EVENTS_TOPIC, { 'max.message.bytes': '20000' });
    await append(150);
    await append(1, 30_000);
    await append(150);
    publish();
    await caughtUp();
    await assertAllThere(await broker.messages(EVENTS_TOPIC), [151]);
    const [letter, ...others] = await broker.messages(DEAD_LETTER_TOPIC);
    assert.deepEqual(others, []);
    const { value, headers, key } = letter!;
    const event = JSON.parse(value) as Record<string, unknown>;
    assert.equal(key, event['subject']);
    assert.equal(event['dataref'], '/v1/events/151');
    assert.equal('data' in event, false);
    assert.deepEqual(
      [headers['ce_position'], headers['dlq_reason'], headers['dlq_detail'], headers['dlq_topic']],
      ['151', 'too_large', 'MESSAGE_TOO_LARGE', EVENTS_TOPIC],
    );
    assert.equal(lines.filter(({ event_id }) => event_id === headers['ce_id']).length, 1);
  });

  test('an event that is too large is counted once it is a dead letter, and not each time that it cannot become one', async () => {
    broker = await startKafka();
    await broker.createTopic(EVENTS_TOPIC, { 'max.message.bytes': '20000' });
    // Whatever is sent is too old when it comes, which is a fault and no refusal.
    await broker.createTopic(DEAD_LETTER_TOPIC, { 'message.timestamp.before.max.ms': '0' });
    await append(1, 30_000);
    const metrics = createMetrics();
    const dead = async (): Promise<string | undefined> =>
      /^dlq_messages_total\{queue="kafka"\} (\d+)$/m.exec(await metrics.registry.metrics())?.[1];
    const publisher = publish(metrics);
    await until(async () => lines.some(({ failures }) => failures === 2), 'no second attempt');
    assert.equal(await dead(), '0');
    await publisher.stop();
    await broker.remove();
    broker = await startKafka();
    await broker.createTopic(EVENTS_TOPIC, { 'max.message.bytes': '20000' });
    publish(metrics);
    await caughtUp();
    assert.equal(await dead(), '1');
  });

  test('of two publishers one publishes, and the other goes on when it stops', async () => {
    broker = await startKafka();
    const first = publish();
    await append(50);
    await caughtUp();
    publish();
    await append(50);
    await caughtUp();
    await first.stop();
    await append(50);
    await caughtUp();
    assert.equal(await assertAllThere(await broker.messages(EVENTS_TOPIC)), 0);
  });

  test('a publisher that stops under load leaves off where its cursor is', async () => {
    broker = await startKafka();
    for (let n = 0; n < 20; n += 1) await append(500);
    const first = publish();
    await until(async () => (await cursor()) > 0, 'nothing is published');
    await first.stop();
    const left = await cursor();
    assert.ok(left < 10_000, 'it was stopped too late');
    publish();
    await caughtUp();
    assert.equal(await assertAllThere(await broker.messages(EVENTS_TOPIC)), 0);
  });
});

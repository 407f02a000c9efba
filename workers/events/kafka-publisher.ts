/**
 * The publisher to Kafka: reads the event log from a cursor of its own and publishes each event at least once, in its subject's
 * order. The cursor moves once the brokers have acknowledged. An outage of Kafka delays nothing but this: the events wait in the log,
 * and the publisher goes on where it was. What the brokers will never take goes to the dead-letter topic.
 *
 *   event_log ── a page behind the cursor ──▶ Kafka, acks = all ──▶ the cursor
 */
import type { Database } from '../../db/database.ts';
import { moveLogCursor, openLogCursor, readEventTexts } from '../../db/events/cursor-queries.ts';
import type { RunningService } from '../../process/run-service.ts';
import type { Metrics } from '../../process/metrics.ts';
import type { Logger } from '../../process/telemetry.ts';
import { connectKafka, reasonOf, RecordsRefused, type KafkaConnection } from './kafka-client.ts';
import type { KafkaOptions } from './kafka-options.ts';
import { deadLetterOf, inBatches, recordOf, type KafkaRecord } from './kafka-records.ts';
import { countConsumed, noteDuration, noteRetry } from './measured.ts';
import { createNews } from './news.ts';
import { whileLeased, type Holding } from './while-leased.ts';

/** The name of the cursor and of the lease. */
const NAME = 'kafka';
const PAGE_MAX = 1_000;
/** All of a batch may be for one partition, and a topic takes 1,048,588 bytes at once unless it is told otherwise. */
const BATCH_BYTES_MAX = 900_000;
const POLL_MS = 250;
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 5_000;

export interface KafkaPublisher extends RunningService {
  /** Says that the log may have something new. */
  readonly wake: () => void;
}

export interface KafkaPublisherDeps {
  /** The events service's database. */
  readonly database: Database;
  readonly options: KafkaOptions;
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
}

export function startKafkaPublisher({ database, options, logger, metrics }: KafkaPublisherDeps): KafkaPublisher {
  const news = createNews();
  let failures = 0;
  const running = whileLeased(database, NAME, publishFrom, (error) => {
    const pauseMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** failures) * (0.5 + Math.random() / 2);
    failures += 1;
    noteRetry(metrics, 'kafka');
    logger.warn({ reason: reasonOf(error), failures }, 'events could not be published to Kafka: tried again soon');
    return pauseMs;
  });
  return { ...running, wake: news.wake };

  async function publishFrom(holding: Holding): Promise<void> {
    // Before any broker has answered, because how far behind Kafka is, is known by it.
    let position = await openLogCursor(database, NAME);
    const kafka = await connectKafka(options, logger, holding.signal);
    try {
      while (!holding.signal.aborted) {
        const heard = news.heard();
        const page = await readEventTexts(database, position, PAGE_MAX);
        const [first, last] = [page[0], page.at(-1)];
        if (first === undefined || last === undefined) {
          await news.until(heard, POLL_MS, holding.signal);
          continue;
        }
        const lost = first.position - position - 1;
        if (lost > 0)
          logger.error({ after: position, lost }, 'the log let events go before they were published to Kafka');
        const beganAt = performance.now();
        const records = page.map(recordOf);
        for (const batch of inBatches(records, BATCH_BYTES_MAX)) {
          if (!(await holding.isHeld())) return;
          await publish({ kafka, logger, metrics }, batch);
        }
        if (!(await moveLogCursor(database, holding.lease, position, last.position))) return;
        position = last.position;
        noteDuration(metrics, 'kafka', performance.now() - beganAt);
        countConsumed(metrics, 'kafka', records.length);
        if (failures > 0) logger.info({ position }, 'events are published to Kafka again');
        failures = 0;
      }
    } finally {
      await kafka.close();
    }
  }
}

interface PublishedBy extends Pick<KafkaPublisherDeps, 'logger' | 'metrics'> {
  readonly kafka: KafkaConnection;
}

/** Publishes records in their order. What is refused is halved until the records are found that are refused by themselves. */
async function publish(by: PublishedBy, records: readonly KafkaRecord[]): Promise<void> {
  const { kafka } = by;
  try {
    await kafka.send(records);
  } catch (error) {
    if (!(error instanceof RecordsRefused)) throw error;
    const [first] = records;
    if (records.length === 1) return bury(by, first!, error);
    const half = Math.ceil(records.length / 2);
    await publish(by, records.slice(0, half));
    await publish(by, records.slice(half));
  }
}

async function bury(
  { kafka, logger, metrics }: PublishedBy,
  record: KafkaRecord,
  refusal: RecordsRefused,
): Promise<void> {
  const reason = refusal.isTooLarge ? 'too_large' : 'refused';
  const { ce_id: event_id, ce_position: position } = record.headers;
  try {
    await kafka.send([deadLetterOf(record, reason, refusal.message)]);
  } catch (error) {
    // To try it for ever would keep every later event from Kafka.
    if (!(error instanceof RecordsRefused)) throw error;
    metrics?.deadLetters.add({ queue: 'kafka' });
    return logger.error(
      { event_id, position, reason },
      'Kafka refuses an event, and its dead letter: it is in the event log alone',
    );
  }
  // Not before: one that could not be sent is not given up but tried again, with all of its page.
  metrics?.deadLetters.add({ queue: 'kafka' });
  logger.error({ event_id, position, reason }, 'Kafka refuses an event: it is in the dead-letter topic');
}

/** Events as Kafka's records: CloudEvents in structured mode, with the envelope in the headers too. */
import type { EventText } from '../../db/events/cursor-queries.ts';
import type { CloudEvent } from '../../domain/event.ts';
import { CLOUD_EVENT_CONTENT_TYPE, DEAD_LETTER_TOPIC, EVENTS_TOPIC } from '../../domain/events/kafka-topics.ts';
import { traceparentOf } from '../../process/traces.ts';

export interface KafkaRecord {
  readonly topic: string;
  /** The subject: it decides the partition. */
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The value is the event byte for byte as the log's chain was made of it. */
export function recordOf({ position, text }: EventText): KafkaRecord {
  const { id, source, type, subject, time, requestid, traceparent } = JSON.parse(text) as CloudEvent;
  const trace = requestid === undefined ? traceparent : traceparentOf({ requestId: requestid, traceparent });
  return {
    topic: EVENTS_TOPIC,
    key: subject,
    value: text,
    headers: {
      'content-type': CLOUD_EVENT_CONTENT_TYPE,
      ce_specversion: '1.0',
      ce_id: id,
      ce_source: source,
      ce_type: type,
      ce_subject: subject,
      ce_time: time,
      ce_position: `${position}`,
      ...(trace === undefined ? {} : { traceparent: trace }),
    },
  };
}

/** What stands for an event that can never be published: its envelope, with a reference to the whole of it. */
export function deadLetterOf(
  { key, value, headers }: KafkaRecord,
  reason: 'too_large' | 'refused',
  detail: string,
): KafkaRecord {
  const { data: _, ...envelope } = JSON.parse(value) as CloudEvent;
  return {
    topic: DEAD_LETTER_TOPIC,
    key,
    value: JSON.stringify({ ...envelope, dataref: `/v1/events/${headers['ce_position']}` }),
    headers: { ...headers, dlq_reason: reason, dlq_detail: detail, dlq_topic: EVENTS_TOPIC },
  };
}

/** Runs of records in their order, each of at most so many bytes unless it is a single record. */
export function inBatches(records: readonly KafkaRecord[], bytesMax: number): KafkaRecord[][] {
  const batches: KafkaRecord[][] = [];
  let room = 0;
  for (const record of records) {
    const size = sizeOf(record);
    if (batches.length === 0 || size > room) {
      batches.push([]);
      room = bytesMax;
    }
    batches.at(-1)!.push(record);
    room -= size;
  }
  return batches;
}

/** Somewhat more than a record takes. */
function sizeOf({ key, value, headers }: KafkaRecord): number {
  const texts = [key, value, ...Object.entries(headers).flat()];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 5, 40);
}

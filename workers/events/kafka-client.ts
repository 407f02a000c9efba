/**
 * The connection to Kafka: makes the topics if they are missing, and sends records that every in-sync replica has acknowledged
 * (acks = all). Idempotent, and to be used for one `send` at a time: the client loses the order of several that fail together.
 */
import { Admin, compatibilityPartitioner, Producer, stringSerializers } from '@platformatic/kafka';
import { DEAD_LETTER_TOPIC, EVENTS_TOPIC, PARTITIONS } from '../../domain/events/kafka-topics.ts';
import { LATE, within } from '../../process/deadline.ts';
import type { Logger } from '../../process/telemetry.ts';
import type { KafkaOptions } from './kafka-options.ts';
import type { KafkaRecord } from './kafka-records.ts';

/** Longer than any course of the client's own time-outs: beyond it, the connection is given up. */
const CALL_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 1_500;
const CLOSE_LIMIT_MS = 1_000;

/** The errors of brokers that concern the records: sent again, they are refused again. */
const REFUSALS: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD']);

/** A broker will never take these records as they are, alone or together. */
export class RecordsRefused extends Error {
  override readonly name = 'RecordsRefused';
  readonly isTooLarge: boolean;

  constructor(codes: readonly string[], cause: unknown) {
    super(codes.join(', '), { cause });
    this.isTooLarge = !codes.includes('INVALID_RECORD');
  }
}

export interface KafkaConnection {
  /**
   * Returns once all of the records are stored. Throws RecordsRefused, or any other error, after which some may be stored, and
   * the connection is of no more use.
   */
  readonly send: (records: readonly KafkaRecord[]) => Promise<void>;
  /** Never throws. */
  readonly close: () => Promise<void>;
}

/** Connects, and returns once both topics are there. Throws if no broker answers or `signal` aborts. */
export async function connectKafka(
  options: KafkaOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<KafkaConnection> {
  const admin = new Admin({ ...options });
  try {
    for (const topic of [EVENTS_TOPIC, DEAD_LETTER_TOPIC]) await inTime(ensureTopic(admin, topic, logger), signal);
  } finally {
    await closed(admin.close());
  }
  const producer = new Producer({
    ...options,
    idempotent: true,
    serializers: stringSerializers,
    // The hash of Kafka's own clients, so that others that produce or look up a key find the same partition.
    partitioner: compatibilityPartitioner,
  });
  return {
    async send(records) {
      try {
        await inTime(producer.send({ messages: records.map((record) => ({ ...record })) }), signal);
      } catch (error) {
        const codes = codesOf(error);
        if (codes.length > 0 && codes.every((code) => REFUSALS.has(code))) throw new RecordsRefused(codes, error);
        throw error;
      }
    },
    close: () => closed(producer.close()),
  };
}

async function ensureTopic(admin: Admin, topic: string, logger: Logger): Promise<void> {
  try {
    if (await isThere(admin, topic)) return;
    // The brokers' own default replication.
    await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: -1 });
    logger.info({ topic, partitions: PARTITIONS }, 'the topic was made');
  } catch (error) {
    const codes = codesOf(error);
    if (codes.includes('TOPIC_ALREADY_EXISTS')) return;
    throw codes.some((code) => code.endsWith('_AUTHORIZATION_FAILED') || code === 'POLICY_VIOLATION')
      ? new Error(`Kafka lets this client neither find nor make the topic ${topic}.`, { cause: error })
      : error;
  }
}

async function isThere(admin: Admin, topic: string): Promise<boolean> {
  try {
    await admin.metadata({ topics: [topic] });
    return true;
  } catch (error) {
    // The client's own error for a topic that the brokers do not know.
    if ((error as { code?: string }).code === 'PLT_KFK_USER') return false;
    throw error;
  }
}

/**
 * The result, unless it takes too long: the client may wait longer than its time-outs say. Once `signal` aborts, it has a moment left,
 * because what is sent and not known to be stored is sent again.
 */
async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const result = await within(CALL_LIMIT_MS, work, signal);
  if (result !== LATE) return result;
  const last = signal.aborted ? await within(STOP_LIMIT_MS, work) : LATE;
  if (last !== LATE) return last;
  throw new Error(signal.aborted ? 'stopped' : 'Kafka has not answered in time');
}

async function closed(closing: Promise<unknown>): Promise<void> {
  await within(
    CLOSE_LIMIT_MS,
    closing.catch(() => {}),
  );
}

/** What a failed call says, in one line: the client's errors are trees of attempts, each with many lines. */
export function reasonOf(error: unknown): string {
  return [...new Set(leavesOf(error).map(withCauses))].join('; ');
}

function withCauses({ message, cause }: Error): string {
  return cause === undefined ? message : `${message} ${reasonOf(cause)}`;
}

/** The innermost errors' codes: a broker's as Kafka names it, any other as `other`. */
function codesOf(error: unknown): string[] {
  return leavesOf(error).map(({ apiId }) => apiId ?? 'other');
}

function leavesOf(error: unknown): (Error & { apiId?: string })[] {
  return error instanceof AggregateError ? error.errors.flatMap(leavesOf) : [error as Error];
}

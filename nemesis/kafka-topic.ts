/**
 * The check of what has left for Kafka: every position of the log is in the topic, byte for byte, and the first copies of each key are in
 * the order of the log.
 */
import type { KafkaBroker } from '../dev/kafka-broker.ts';
import { EVENTS_TOPIC } from '../domain/events/kafka-topics.ts';
import { digestOf } from './arrivals.ts';
import { holdsWithin } from './pause.ts';
import type { Stack } from './stack.ts';
import type { Violations } from './violations.ts';

const PUBLISHED_LIMIT_MS = 120_000;
const TOLD_MAX = 5;
const PAGE = 2_000;

/** To be called when no fault lasts. Waits until everything that is in the log now is published. Returns how many messages there are. */
export async function verifyTopic(
  stack: Stack,
  broker: KafkaBroker,
  violations: Violations,
  signal: AbortSignal,
): Promise<number> {
  const head = await numberOf(stack, 'SELECT position::int AS number FROM log_head');
  const isPublished = async (): Promise<boolean> =>
    (await numberOf(stack, `SELECT position::int AS number FROM log_cursors WHERE name = 'kafka'`)) >= head;
  if (!(await holdsWithin(PUBLISHED_LIMIT_MS, isPublished, signal))) {
    signal.throwIfAborted();
    violations.report(
      'Kafka',
      undefined,
      `the log was not published ${PUBLISHED_LIMIT_MS / 1_000} s after the last fault`,
    );
  }
  const digests = new Map<number, string>();
  const newest = new Map<string, number>();
  let messages = 0;
  await broker.read(EVENTS_TOPIC, ({ key, value, headers }) => {
    messages += 1;
    const position = Number(headers['ce_position']);
    const before = digests.get(position);
    const digest = digestOf(value);
    digests.set(position, digest);
    if (before !== undefined) {
      if (before !== digest) violations.report('Kafka', key, `position ${position} is there with two bodies`);
      return;
    }
    const latest = newest.get(key) ?? 0;
    if (latest > position)
      violations.report('Kafka', key, `position ${position} is behind position ${latest} of its key`);
    newest.set(key, Math.max(latest, position));
  });
  await compareWithLog(stack, digests, head, violations);
  return messages;
}

async function compareWithLog(
  stack: Stack,
  digests: ReadonlyMap<number, string>,
  head: number,
  violations: Violations,
): Promise<void> {
  let lacking = 0;
  for (let after = 0; after < head; after += PAGE) {
    const rows = await stack.rows<{ position: number; subject: string; payload: string }>(
      'events',
      `SELECT position::int AS position, subject, payload::text AS payload FROM event_log
       WHERE position > $1 AND position <= $2 ORDER BY position`,
      [after, Math.min(head, after + PAGE)],
    );
    for (const { position, subject, payload } of rows) {
      const digest = digests.get(position);
      if (digest === digestOf(payload)) continue;
      lacking += 1;
      const what = digest === undefined ? 'is not in the topic' : 'is not what the log has';
      if (lacking <= TOLD_MAX) violations.report('Kafka', subject, `position ${position} ${what}`);
    }
  }
}

async function numberOf(stack: Stack, statement: string): Promise<number> {
  return (await stack.rows<{ number: number }>('events', statement))[0]?.number ?? 0;
}

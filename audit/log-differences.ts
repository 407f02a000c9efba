/** The events by which log and outbox differ, as far as the outbox still has them: those that were taken away have no names. */
import { sql } from 'drizzle-orm';
import type { Copied } from './copied-events.ts';
import { VIOLATIONS_KEPT, type Findings } from './findings.ts';
import { OUTBOX_EVENTS } from './outbox.ts';
import { PAGE_ROWS, rowsOf, type Reader } from './reader.ts';

/** A row may have a thousand events. */
const OUTBOX_ROWS = 100;

type Name = (eventId: string, detail: string) => void;

/** Names some of the events of this type by which the log differs from what was copied from the outbox. */
export async function nameDifferences(events: Reader, copied: Copied, type: string, findings: Findings): Promise<void> {
  let left = VIOLATIONS_KEPT;
  const name: Name = (eventId, detail) => {
    left -= 1;
    findings.report('I8', `the event ${eventId} of the outbox ${copied.name}`, detail);
  };
  for await (const some of ofOutbox(copied, type)) {
    await nameUnlike(events, copied, some, name);
    if (left <= 0) return;
  }
  const sealed = await rowsOf(copied.reader, sql`SELECT FROM outbox_seals WHERE type = ${type}`);
  if (sealed.length > 0) return;
  for await (const some of ofLog(events, copied.name, type)) {
    await nameStrange(copied, some, name);
    if (left <= 0) return;
  }
}

interface OutboxEvent {
  event_id: string;
  subject: string;
  digest: string;
}

async function* ofOutbox({ reader, isCopied }: Copied, type: string): AsyncGenerator<OutboxEvent[]> {
  for (let after: string | null = '0'; ;) {
    const [page]: { last: string | null }[] = await rowsOf(
      reader,
      sql`SELECT max(sequence) AS last FROM (SELECT sequence FROM outbox_events WHERE sequence > ${after}::bigint ORDER BY sequence LIMIT ${OUTBOX_ROWS}) page`,
    );
    if (page!.last === null) return;
    yield await rowsOf(
      reader,
      sql`
      SELECT event_id, subject, event_digest(event_id, subject, data)::text AS digest FROM (${OUTBOX_EVENTS}) present
      WHERE type = ${type} AND sequence > ${after}::bigint AND sequence <= ${page!.last}::bigint AND ${isCopied}`,
    );
    after = page!.last;
  }
}

async function nameUnlike(events: Reader, { name: source }: Copied, some: readonly OutboxEvent[], name: Name) {
  const rows = await rowsOf<{ place: string; positions: string[] | null; digests: string[] | null }>(
    events,
    sql`
    SELECT place, array_agg(position ORDER BY position) FILTER (WHERE position IS NOT NULL) AS positions,
      array_agg(DISTINCT digest::text) FILTER (WHERE position IS NOT NULL) AS digests
    FROM unnest(${list(some.map(({ event_id: id }) => id))}, ${list(some.map(({ subject }) => subject))}) WITH ORDINALITY AS given (event_id, subject, place)
    LEFT JOIN (SELECT position, event_id, subject, event_digest(event_id, subject, (payload -> 'data')::jsonb) AS digest FROM event_log WHERE source = ${source}) logged
      USING (event_id, subject)
    GROUP BY place ORDER BY place`,
  );
  for (const { place, positions, digests } of rows) {
    const { event_id: id, digest } = some[Number(place) - 1]!;
    if (positions === null || digests === null) name(id, 'it was copied, but the log lacks it');
    else if (positions.length > 1) name(id, `it has several positions: ${positions.join(', ')}`);
    else if (digests[0] !== digest) name(id, `at position ${positions[0]} it tells of something else than it did`);
  }
}

interface LogEvent {
  event_id: string;
  position: string;
}

async function* ofLog(events: Reader, source: string, type: string): AsyncGenerator<LogEvent[]> {
  for (let after = '0'; ;) {
    const page: LogEvent[] = await rowsOf(
      events,
      sql`SELECT event_id, position FROM event_log WHERE source = ${source} AND type = ${type} AND position > ${after}::bigint
        ORDER BY position LIMIT ${PAGE_ROWS}`,
    );
    if (page.length > 0) yield page;
    if (page.length < PAGE_ROWS) return;
    after = page.at(-1)!.position;
  }
}

async function nameStrange({ reader, isCopied }: Copied, some: readonly LogEvent[], name: Name): Promise<void> {
  const found = await rowsOf<{ event_id: string }>(
    reader,
    sql`SELECT event_id FROM (${OUTBOX_EVENTS}) present WHERE event_id = ANY(${list(some.map(({ event_id: id }) => id))}) AND ${isCopied}`,
  );
  const known = new Set(found.map(({ event_id: id }) => id));
  for (const { event_id: id, position } of some)
    if (!known.has(id)) name(id, `it is at position ${position}, but the outbox never had it`);
}

function list(texts: readonly string[]) {
  return sql`${sql.param(texts)}::text[]`;
}

/**
 * The event log from its first position to its head, page by page, in the database: positions have no gap, each chain is made of
 * the one before and the event's text, and the columns say what the text says. Returns the sets of the events that were read.
 */
import { sql, type SQL } from 'drizzle-orm';
import { createEventSets, type EventSetRow, type EventSets } from './event-sets.ts';
import { VIOLATIONS_KEPT, type Findings } from './findings.ts';
import { rowsOf, type Reader } from './reader.ts';

const PAGE_POSITIONS = 10_000;

interface Page {
  sets: EventSetRow[];
  problems: { subject: string; detail: string }[];
  problem_count: number;
  event_count: number;
  last_position: string | null;
  /** Hex. */
  last_chain: string | null;
}

export async function readEventLog(events: Reader, findings: Findings): Promise<EventSets> {
  const [head] = await rowsOf<{ first: string; first_chain: string; position: string; chain: string; last: string }>(
    events,
    sql`SELECT first_position AS first, encode(first_chain, 'hex') AS first_chain, position, encode(chain, 'hex') AS chain,
      (SELECT coalesce(max(position), 0) FROM event_log) AS last FROM log_head`,
  );
  const sets = createEventSets();
  let [position, chain] = [Number(head!.first) - 1, head!.first_chain];
  for (let from = position; from < Number(head!.last); from += PAGE_POSITIONS) {
    const [page] = await rowsOf<Page>(events, readPage(from, { position, chain }));
    const { problems, problem_count, event_count, last_position, last_chain } = page!;
    sets.add(page!.sets);
    findings.count('logged_events', event_count);
    for (const { subject, detail } of problems) findings.report('I8', subject, detail);
    findings.reportMore('I8', problem_count - problems.length);
    if (last_position !== null) [position, chain] = [Number(last_position), last_chain!];
  }
  if (position !== Number(head!.position))
    findings.report('I8', 'the event log', `its last position is ${position}, and its head says ${head!.position}`);
  else if (chain !== head!.chain)
    findings.report('I8', 'the event log', `the chain of its last event, ${position}, is not that of its head`);
  return sets;
}

/** The positions behind `from`, compared with the last event before them. */
function readPage(from: number, before: { readonly position: number; readonly chain: string }): SQL {
  return sql`
    WITH page AS MATERIALIZED (
      SELECT position, source, type, event_id, subject, event, chain,
        position - lag(position, 1, ${before.position}::bigint) OVER in_order - 1 AS missing,
        chain = sha256(lag(chain, 1, decode(${before.chain}::text, 'hex')) OVER in_order || convert_to(payload::text, 'UTF8')) AS is_chained
      FROM event_log CROSS JOIN LATERAL (SELECT payload::jsonb AS event OFFSET 0) parsed
      WHERE position > ${from} AND position <= ${from + PAGE_POSITIONS}
      WINDOW in_order AS (ORDER BY position)
    ), problems AS MATERIALIZED (
      SELECT position, detail FROM page CROSS JOIN LATERAL (
        SELECT CASE WHEN missing > 0 THEN format('%s positions before it are missing', missing)
          WHEN NOT is_chained THEN 'its chain does not follow from its text and the event before it: one of them was changed'
          WHEN (event ->> 'id', event ->> 'type', event ->> 'subject') IS DISTINCT FROM (event_id, type, subject)
          THEN format('its columns say %s of %s, and its text tells of something else', event_id, subject) END AS detail
      ) judged WHERE detail IS NOT NULL
    )
    SELECT
      (SELECT coalesce(json_agg(set), '[]') FROM (
        SELECT source, type, count(*)::text AS count, sum(event_digest(event_id, subject, event -> 'data'))::text AS digest
        FROM page GROUP BY source, type
      ) set) AS sets,
      (SELECT coalesce(json_agg(problem), '[]') FROM (
        SELECT 'position ' || position AS subject, detail FROM problems ORDER BY position LIMIT ${VIOLATIONS_KEPT}
      ) problem) AS problems,
      (SELECT count(*)::int FROM problems) AS problem_count, (SELECT count(*)::int FROM page) AS event_count,
      last.position AS last_position, encode(last.chain, 'hex') AS last_chain
    FROM (SELECT) one LEFT JOIN (SELECT position, chain FROM page ORDER BY position DESC LIMIT 1) last ON true`;
}

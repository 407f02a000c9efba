/**
 * I6 for one database, and O7: what its outbox had is what its tables tell of, each event once. Rows that are there are compared one by
 * one. Those that were taken away once they were in the event log are compared as a set, by the counts and digests that were kept
 * of them, in which the tenant is not. Change and event are written together, so this holds in every snapshot.
 */
import { sql, type SQL } from 'drizzle-orm';
import { reportDifferences, VIOLATIONS_KEPT, type Findings, type Invariant } from './findings.ts';
import { rowsOf, type Reader } from './reader.ts';

/** The events of the outbox's rows, each with its row's `payload`, the tenant that this names, and whether the row agrees with itself. */
export const OUTBOX_EVENTS = sql`
  SELECT coalesce(unfolded.event_id, outbox.event_id) AS event_id, outbox.type, unfolded.subject, unfolded.data, payload, is_consistent, tenant, outbox.xid, outbox.sequence
  FROM (
    SELECT *, CASE WHEN subject IS NULL THEN (payload #>> '{event,type}', json_array_length(payload -> 'rows')) = (type, event_count)
      ELSE (payload ->> 'id', payload ->> 'type', payload ->> 'subject', 1) = (event_id, type, subject, event_count) END AS is_consistent,
      coalesce(CASE WHEN subject IS NULL THEN payload #>> '{event,tenant}' ELSE payload ->> 'tenant' END, 'default') AS tenant
    FROM outbox_events OFFSET 0
  ) outbox
  LEFT JOIN LATERAL unfolded_events(outbox.event_id, outbox.subject, payload) unfolded ON true`;

/** The tables do not tell of the audit log's events: who has done what is in the outbox alone, and from there in the event log. */
const TELLS_OF_TABLES = sql`type NOT LIKE 'audit.%'`;

interface OfType {
  type: string;
  /** Events that the tables tell of and the outbox does not have. */
  absent: string;
  absent_digest: string;
  /** Events that are wrong, that nothing tells of, or that are there twice. */
  odd: string;
  sealed: string;
  sealed_digest: string;
}

/**
 * `expected` selects the events that the database's tables tell of: movement, event_id, type, subject, data, and the tenant whose
 * they are, or null where that is not known. `place` is the database's name, `what` the things that its events are about.
 */
export async function checkOutbox(
  reader: Reader,
  place: string,
  expected: SQL,
  findings: Findings,
  { invariant = 'I6', what = 'movement' }: { invariant?: Invariant; what?: string } = {},
): Promise<void> {
  const [counts] = await rowsOf<{ events: string }>(
    reader,
    sql`SELECT (SELECT coalesce(sum(event_count), 0) FROM outbox_events) + (SELECT coalesce(sum(event_count), 0) FROM outbox_seals) AS events`,
  );
  findings.count('events', Number(counts!.events));
  const types = await rowsOf<OfType>(
    reader,
    sql`
    SELECT type, coalesce(absent, 0) AS absent, coalesce(absent_digest, 0) AS absent_digest, coalesce(odd, 0) AS odd,
      coalesce(event_count, 0) AS sealed, coalesce(digest, 0) AS sealed_digest
    FROM (
      SELECT type, count(*) FILTER (WHERE is_absent) AS absent, count(*) FILTER (WHERE detail IS NOT NULL AND NOT is_absent) AS odd,
        sum(event_digest(event_id, subject, data)) FILTER (WHERE is_absent) AS absent_digest
      FROM (${compared(expected)}) compared GROUP BY type
    ) compared FULL JOIN (SELECT * FROM outbox_seals WHERE ${TELLS_OF_TABLES}) seals USING (type)`,
  );
  const unlike = types.filter((each) => each.absent !== each.sealed || each.absent_digest !== each.sealed_digest);
  // Of a type that was never sealed, what is absent has a name.
  const named = unlike.filter(({ sealed }) => sealed === '0').map(({ type }) => type);
  for (const { type, absent, sealed } of unlike) {
    if (named.includes(type)) continue;
    findings.report(
      invariant,
      `the outbox of ${place}`,
      absent === sealed
        ? `the ${sealed} events of ${type} that were taken away are not those that its tables tell of`
        : `its tables tell of ${absent} events of ${type} that are not there, and ${sealed} were taken away`,
    );
  }
  if (named.length > 0 || types.some(({ odd }) => odd !== '0'))
    reportDifferences(invariant, await rowsOf(reader, differences(expected, named)), findings, what);
}

function differences(expected: SQL, absentTypes: readonly string[]): SQL {
  return sql`
    SELECT movement, detail, count(*) OVER ()::int AS total FROM (${compared(expected)}) compared
    WHERE detail IS NOT NULL AND (NOT is_absent OR type = ANY(${sql.param(absentTypes)}::text[]))
    LIMIT ${VIOLATIONS_KEPT}`;
}

function compared(expected: SQL): SQL {
  return sql`
    SELECT coalesce(expected.type, event.type) AS type, event_id, expected.subject, expected.data, event.type IS NULL AS is_absent,
      coalesce(movement, event.data ->> 'transfer_id', event.data ->> 'transaction_id', event.subject, event_id) AS movement,
      CASE WHEN event.type IS NULL THEN format('its event %s is missing', event_id)
        WHEN expected.type IS NULL THEN format('an event %s, which tells of nothing that happened', event_id)
        WHEN times > 1 THEN format('its event %s is there %s times', event_id, times)
        WHEN is_consistent IS NOT TRUE OR (event.type, event.subject, event.data) IS DISTINCT FROM (expected.type, expected.subject, expected.data)
        THEN format('its event %s tells of something else: %s', event_id, payload)
        WHEN event.tenant <> expected.tenant THEN format('its event %s is of the tenant %s, and not of %s', event_id, event.tenant, expected.tenant)
      END AS detail
    FROM (${expected}) expected
    FULL JOIN (SELECT *, count(*) OVER (PARTITION BY event_id) AS times FROM (${OUTBOX_EVENTS}) present WHERE ${TELLS_OF_TABLES}) event USING (event_id)`;
}

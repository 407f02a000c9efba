/**
 * I8 within a wallet: its events stand in the log in the order of their ledger entries. The log is walked wallet by wallet, by its
 * index, and each page is compared with the shard's ledger, so that no more than a page is held at once.
 */
import { sql } from 'drizzle-orm';
import type { Outbox } from './copied-events.ts';
import type { Findings } from './findings.ts';
import { PAGE_ROWS, rowsOf, uuids, type Reader } from './reader.ts';

/** The events that tell of a ledger entry, and its type. */
const ENTRY_TYPES: Readonly<Record<string, string>> = {
  'wallet.debited': 'DEBIT',
  'wallet.credited': 'CREDIT',
  'wallet.refunded': 'REFUND',
  'wallet.advanced': 'REFUND',
};

interface LoggedEvent {
  position: string;
  subject: string;
  event_id: string;
  type: string;
  source: string;
}

interface Placed extends LoggedEvent {
  sequence: number;
}

export async function checkLogOrder(events: Reader, outboxes: readonly Outbox[], findings: Findings): Promise<void> {
  const shards = outboxes.filter(({ name }) => name.startsWith('wallet-'));
  let last: LoggedEvent | undefined;
  let before: Placed | undefined;
  for (;;) {
    const page: LoggedEvent[] = await rowsOf(events, walletEventsAfter(last, shards));
    for (const event of await inLedger(page, shards)) {
      const isReversed = before?.subject === event.subject && event.sequence < before.sequence;
      // What was lost by a restore and happened again has two places, of which the later one counts.
      if (isReversed && !(await comesAgain(events, before!)))
        findings.report(
          'I8',
          `wallet ${event.subject}`,
          `${before!.event_id} stands in the log before ${event.event_id}, in the ledger behind it (entries ${before!.sequence} and ${event.sequence})`,
        );
      before = event;
    }
    if (page.length < PAGE_ROWS) return;
    last = page.at(-1);
  }
}

function walletEventsAfter(last: LoggedEvent | undefined, shards: readonly Outbox[]) {
  return sql`
    SELECT position, subject, event_id, type, source FROM event_log
    WHERE ${last === undefined ? sql`true` : sql`(subject, position) > (${last.subject}, ${last.position}::bigint)`}
      AND type = ANY(${sql.param(Object.keys(ENTRY_TYPES))}::text[]) AND source = ANY(${sql.param(shards.map(({ name }) => name))}::text[])
    ORDER BY subject, position LIMIT ${PAGE_ROWS}`;
}

/** The events of the page that have an entry, in their order. That one has none is another invariant's matter. */
async function inLedger(page: readonly LoggedEvent[], shards: readonly Outbox[]): Promise<Placed[]> {
  const sequences = new Map<LoggedEvent, number>();
  for (const { name, reader } of shards) {
    const own = page.filter(
      ({ source, subject, event_id: id }) => source === name && isUuid(subject) && isUuid(movementOf(id)),
    );
    if (own.length === 0) continue;
    const rows = await rowsOf<{ place: string; sequence: string }>(
      reader,
      sql`
      SELECT place, sequence FROM unnest(${uuids(own.map(({ event_id: id }) => movementOf(id)))}, ${uuids(own.map(({ subject }) => subject))},
        ${sql.param(own.map(({ type }) => ENTRY_TYPES[type]!))}::text[]) WITH ORDINALITY AS given (transaction_id, wallet_id, type, place)
      JOIN ledger_entries entry ON entry.transaction_id = given.transaction_id AND entry.wallet_id = given.wallet_id AND entry.type = given.type`,
    );
    for (const { place, sequence } of rows) sequences.set(own[Number(place) - 1]!, Number(sequence));
  }
  return page.flatMap((event) => {
    const sequence = sequences.get(event);
    return sequence === undefined ? [] : [{ ...event, sequence }];
  });
}

async function comesAgain(events: Reader, { subject, position, event_id: id }: LoggedEvent): Promise<boolean> {
  const found = await rowsOf(
    events,
    sql`SELECT FROM event_log WHERE subject = ${subject} AND position > ${position}::bigint AND event_id = ${id} LIMIT 1`,
  );
  return found.length > 0;
}

function movementOf(eventId: string): string {
  return eventId.slice(eventId.indexOf('/') + 1);
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/**
 * I8: each event of an outbox has one place in the event log, and no other event has one; positions have no gap, no event was
 * changed, and the events of a wallet stand in the order of its ledger.
 *
 * Log and outboxes are compared as sets of each type. The log's cursor of an outbox is the snapshot of what was copied, so both
 * sides are the same set, whatever is written meanwhile, as long as the events database's snapshot is the oldest.
 */
import { sql } from 'drizzle-orm';
import { copiedOf, copiedSets, type Copied, type Outbox } from './copied-events.ts';
import { createEventSets, type EventSetRow } from './event-sets.ts';
import type { Findings } from './findings.ts';
import { nameDifferences } from './log-differences.ts';
import { checkLogOrder } from './log-order.ts';
import { readEventLog } from './log-pages.ts';
import { rowsOf, type Reader } from './reader.ts';

export async function checkEventLog(events: Reader, outboxes: readonly Outbox[], findings: Findings): Promise<void> {
  const logged = await readEventLog(events, findings);
  logged.add(await setsIn(events, 'log_seals'));
  logged.add(await setsIn(events, 'log_differences'), -1n);
  const copied = createEventSets();
  const known: Copied[] = [];
  for (const outbox of outboxes) {
    const part = await copiedOf(events, outbox);
    if (part === undefined)
      findings.report('I8', `the outbox ${outbox.name}`, 'it is not the one that was copied: it was restored or moved');
    // Until its window ends, nobody has counted what the log had already.
    else if (!part.isResuming) known.push(part);
  }
  for (const part of known) copied.add(await copiedSets(part));

  for (const { source, type, count } of logged.all())
    // Who looks may not have been told where the keys are.
    if (count !== 0n && source !== 'access' && !outboxes.some(({ name }) => name === source))
      findings.report(
        'I8',
        `the outbox ${source}`,
        `the log has ${count} events of ${type} of it, and there is no such outbox`,
      );
  const kinds = new Map([...logged.all(), ...copied.all()].map((set) => [`${set.source} ${set.type}`, set]));
  for (const { source, type } of kinds.values()) {
    const outbox = known.find(({ name }) => name === source);
    const [inLog, given] = [logged.of(source, type), copied.of(source, type)];
    if (outbox === undefined || (inLog.count === given.count && inLog.digest === given.digest)) continue;
    findings.report(
      'I8',
      `the outbox ${source}`,
      inLog.count === given.count
        ? `the log has as many events of ${type} as were copied, ${given.count}, but not the same`
        : `${given.count} events of ${type} were copied, and the log has ${inLog.count}`,
    );
    await nameDifferences(events, outbox, type, findings);
  }
  await checkLogOrder(events, known, findings);
}

function setsIn(events: Reader, table: 'log_seals' | 'log_differences'): Promise<EventSetRow[]> {
  return rowsOf(
    events,
    sql`SELECT source, type, event_count::text AS count, digest::text FROM ${sql.identifier(table)}`,
  );
}

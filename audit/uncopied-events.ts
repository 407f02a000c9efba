/**
 * I8 for what is on its way: an event that is in an outbox is in the log soon. What is not there yet is waited for, by looks at the
 * databases as they are.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { copiedOf, type Outbox } from './copied-events.ts';
import type { Findings } from './findings.ts';
import { rowsOf, type Reader } from './reader.ts';

const LOOK_MS = 250;

/** Reports each outbox of which some events that are there now have not reached the log, and no more of them do for `patienceMs`. */
export async function checkUncopied(
  events: Reader,
  outboxes: readonly Outbox[],
  findings: Findings,
  patienceMs: number,
): Promise<void> {
  for (const outbox of outboxes) {
    const [now] = await rowsOf<{ snapshot: string }>(
      outbox.reader,
      sql`SELECT pg_current_snapshot()::text AS snapshot`,
    );
    let [fewest, fellAt] = [Infinity, performance.now()];
    for (;;) {
      const left = await uncopied(events, outbox, now!.snapshot);
      if (left === undefined || left.count === 0) break;
      if (left.count < fewest) [fewest, fellAt] = [left.count, performance.now()];
      else if (performance.now() - fellAt >= patienceMs) {
        const why = left.stoppedReason === undefined ? '' : `; the relay has stopped reading it: ${left.stoppedReason}`;
        findings.report('I8', `the outbox ${outbox.name}`, `${left.count} events of it have not reached the log${why}`);
        break;
      }
      await sleep(LOOK_MS);
    }
  }
}

/** The number of events that are in the outboxes now and not in the log. */
export async function countUncopied(events: Reader, outboxes: readonly Outbox[]): Promise<number> {
  const left = await Promise.all(outboxes.map((outbox) => uncopied(events, outbox)));
  return left.reduce((sum, each) => sum + (each?.count ?? 0), 0);
}

/**
 * The events of the outbox that are not in the log, of all or of those that a snapshot shows. Undefined if the outbox is not the one
 * that is copied.
 */
async function uncopied(
  events: Reader,
  outbox: Outbox,
  snapshot?: string,
): Promise<{ count: number; stoppedReason: string | undefined } | undefined> {
  const copied = await copiedOf(events, outbox);
  if (copied === undefined) return undefined;
  const [row] = await rowsOf<{ count: string }>(
    outbox.reader,
    sql`SELECT coalesce(sum(event_count), 0) AS count FROM outbox_events
      WHERE ${snapshot === undefined ? sql`true` : sql`pg_visible_in_snapshot(xid, ${snapshot}::pg_snapshot)`} AND NOT ${copied.isCopied}`,
  );
  return { count: Number(row!.count), stoppedReason: copied.stoppedReason };
}

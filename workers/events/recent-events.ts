/**
 * What this process has just appended to the event log, for readers of the log in the same process: otherwise the database would send
 * each event back as text, once for every reader, moments after it was given it.
 */
import type { Event } from '../../client/consumer/consumer.ts';
import type { Database } from '../../db/database.ts';
import { readHeadAfter, type LogHead } from '../../db/events/log-queries.ts';
import type { CloudEvent } from '../../domain/event.ts';

/** The log's end, before an append or behind it. */
type End = Pick<LogHead, 'position' | 'chain'>;

export interface ReadPage {
  readonly events: readonly Event[];
  /** The position up to which the log was read. */
  readonly readTo: number;
  readonly head: LogHead;
}

export interface RecentEvents {
  /** Notes what was appended between two ends of the log. */
  readonly note: (before: End, appended: readonly { readonly event: CloudEvent }[], end: End) => void;
  /**
   * The events behind a position, at most `limit`, and the head of the log. Undefined if they are not here, or not what this
   * database's log has, which is asked: of a log that was restored, or that another process has written since, the chain differs.
   */
  readonly read: (database: Database, after: number, limit: number) => Promise<ReadPage | undefined>;
}

interface Append {
  readonly before: End;
  readonly end: End;
  readonly events: readonly Event[];
  readonly timer: NodeJS.Timeout;
}

/** All that is kept, in the newest appends. */
const EVENTS_MAX = 20_000;
/** Who has not read it by then is far behind, and reads from the database for a while. */
const KEPT_MS = 5_000;

export function createRecentEvents({ keptMs = KEPT_MS } = {}): RecentEvents {
  /** Each begins at the end of the one before, so that the chain at the last end is that of all of them. */
  const appends: Append[] = [];
  let count = 0;
  function removeOldest(): void {
    const { events, timer } = appends.shift()!;
    count -= events.length;
    clearTimeout(timer);
  }

  return {
    note(before, appended, end) {
      if (appended.length === 0) return;
      const newest = appends.at(-1)?.end;
      const follows = newest?.position === before.position && newest.chain === before.chain;
      // Another process has appended meanwhile, or the log was restored.
      if (!follows) while (appends.length > 0) removeOldest();
      const events = appended.map(({ event }, n) => ({ position: before.position + n + 1, ...event }));
      appends.push({ before, end, events, timer: setTimeout(removeOldest, keptMs).unref() });
      count += events.length;
      while (count > EVENTS_MAX) removeOldest();
    },
    async read(database, after, limit) {
      const first = appends.findIndex(({ before, end }) => before.position <= after && after < end.position);
      if (first < 0) return undefined;
      const last = appends.findIndex(({ end }) => end.position >= after + limit);
      const found = appends.slice(first, last < 0 ? undefined : last + 1);
      const { position, chain } = found.at(-1)!.end;
      const head = await readHeadAfter(database, position, chain);
      if (head === undefined) return undefined;
      const events = found.flatMap((each) => each.events.slice(Math.max(0, after - each.before.position)));
      const page = events.slice(0, limit);
      return { events: page, readTo: after + page.length, head };
    },
  };
}

/**
 * What this process has just appended to the event log, for readers of the log in the same process: otherwise the database would send
 * each event back as text, once for every reader, moments after it was given it.
 */
import type { Event } from '../../client/consumer/consumer.ts';
import type { Database } from '../../db/database.ts';
import { readHeadAfter, type LogHead } from '../../db/events/log-queries.ts';
import type { CloudEvent } from '../../domain/event.ts';

export interface RecentEvents {
  /** Notes what was appended behind the position `after`, with the chain of its last event (hex). */
  readonly note: (after: number, events: readonly CloudEvent[], chain: string) => void;
  /**
   * The events behind a position, some 5,000 at most, and the head of the log. Undefined if they are not here, or not what this
   * database's log has, which is asked: of a log that was restored, or that another process has written since, the chain differs.
   */
  readonly read: (
    database: Database,
    after: number,
  ) => Promise<{ events: Event[]; readTo: number; head: LogHead } | undefined>;
}

interface Append {
  readonly after: number;
  readonly last: number;
  readonly chain: string;
  readonly events: readonly Event[];
}

/** All that is kept, in the newest appends. */
const EVENTS_MAX = 20_000;
/** A page ends with the append that reaches so many events. */
const PAGE = 2_500;
/** Who has not read it by then is far behind, and reads from the database for a while. */
const KEPT_MS = 5_000;

export function createRecentEvents(): RecentEvents {
  /** Each begins where the one before it ends. */
  let appends: Append[] = [];
  let count = 0;
  const removeOldest = (): void => void (count -= appends.shift()!.events.length);

  /** The appends from the one on that has the event behind `after`, until they reach a page. */
  function behind(after: number): Append[] {
    const first = appends.findIndex((each) => each.after <= after && after < each.last);
    const lastOfPage = appends.findIndex((each) => each.last >= after + PAGE);
    return first < 0 ? [] : appends.slice(first, lastOfPage < 0 ? undefined : lastOfPage + 1);
  }

  return {
    note(after, events, chain) {
      // Another process has appended meanwhile, or the log was restored.
      if (appends.at(-1)?.last !== after) [appends, count] = [[], 0];
      const numbered = events.map((event, n) => ({ position: after + n + 1, ...event }));
      const append = { after, last: after + events.length, chain, events: numbered };
      appends.push(append);
      count += events.length;
      while (count > EVENTS_MAX) removeOldest();
      setTimeout(() => appends[0] === append && removeOldest(), KEPT_MS).unref();
    },
    async read(database, after) {
      const found = behind(after);
      const newest = found.at(-1);
      const head = newest && (await readHeadAfter(database, newest.last, newest.chain));
      if (head === undefined) return undefined;
      const events = found.flatMap((each) => each.events.slice(Math.max(0, after - each.after)));
      return { events, readTo: newest!.last, head };
    },
  };
}

/**
 * The end of the event log in memory: one reader a process for all streams that have read all there is. It reads while somebody
 * waits for more, so that each new event is read and written as text once, however many streams it goes to.
 */
import type { Database } from '../../db/database.ts';
import { readLog } from '../../db/events/log-queries.ts';
import type { Logger } from '../../process/telemetry.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { createRecentFrames, type RecentFrames } from './recent-frames.ts';

export interface LogTail extends Pick<RecentFrames, 'behind'> {
  /**
   * Calls `tell` once, when there is more. Only for who has read the log up to the position, its end. Returns the function that
   * gives up the wait. Nothing is read while nobody waits.
   */
  readonly await: (position: number, tell: () => void) => () => void;
  /** Says that the log may have something new. */
  readonly wake: () => void;
}

export interface LogTailDeps {
  /** The events service's database. */
  readonly database: Database;
  readonly logger: Logger;
  /** Called if the log has become shorter: its database was restored. */
  readonly lost: () => void;
}

/** While nothing wakes the tail, as where the relay is another process, it looks by itself: one small query. */
const POLL_MS = 150;
const PAGE_MAX = 500;

export function createLogTail({ database, logger, lost }: LogTailDeps): LogTail {
  const recent = createRecentFrames();
  const waiting = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let isReading = false;
  let hasNews = false;
  let readAt = -Infinity;
  let isIll = false;

  return {
    behind: recent.behind,
    await(position, tell) {
      if (position > recent.end() && waiting.size === 0) {
        // Nobody waits for what is between.
        recent.restartAt(position);
        hasNews = true;
      }
      waiting.add(tell);
      look();
      return () => {
        waiting.delete(tell);
        if (waiting.size === 0) clearTimeout(timer);
      };
    },
    wake() {
      hasNews = true;
      look();
    },
  };

  /** Reads the next page if it is time to; otherwise sees to it that it is read in time. */
  function look(): void {
    clearTimeout(timer);
    if (isReading || waiting.size === 0) return;
    const pauseMs = hasNews ? 0 : readAt + POLL_MS - performance.now();
    if (pauseMs > 0) {
      timer = setTimeout(look, pauseMs);
      return;
    }
    hasNews = false;
    isReading = true;
    void read()
      .catch((error: unknown) => error)
      .then((error) => {
        if (error !== undefined && !isIll) logger.warn({ err: error }, 'the event log cannot be read: streams wait');
        isIll = error !== undefined;
        isReading = false;
        readAt = performance.now();
        look();
      });
  }

  async function read(): Promise<void> {
    const from = recent.end();
    const { events, head } = await boundedQuery(database, () => readLog(database, from, PAGE_MAX, {}, PAGE_MAX));
    if (from !== recent.end()) return;
    if (head.position < from) {
      logger.warn({ head: head.position, position: from }, 'the event log is shorter than it was: streams end');
      recent.restartAt(head.position);
      return lost();
    }
    recent.append(events);
    hasNews ||= recent.end() < head.position;
    if (recent.end() === from) return;
    const told = [...waiting];
    waiting.clear();
    for (const tell of told) tell();
  }
}

/**
 * One stream's way through the log: a position, and the text of what follows it. What is in the memory that all streams share is
 * taken from there; what is older, from the log.
 */
import type { Database } from '../../db/database.ts';
import { readLog, type LogFilter } from '../../db/events/log-queries.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { Turns } from '../http/concurrency.ts';
import type { LogTail } from './log-tail.ts';
import { frameOf, type Frame } from './recent-frames.ts';

export interface LogReader {
  /**
   * The next text to send, which is a comment if there is nothing else for a while. Undefined once what follows is no longer kept,
   * or after `end`. Not to be called again before it has resolved.
   */
  readonly next: () => Promise<string | undefined>;
  /** Ends the reading, and a wait in it. */
  readonly end: () => void;
}

export interface LogReaderDeps {
  /** The events service's database. */
  readonly database: Database;
  readonly tail: LogTail;
  /** The turns in which readers that are behind the tail read the log. */
  readonly turns: Turns;
  /** So often at least something is sent, so that neither end and no proxy takes the connection for dead. */
  readonly heartbeatMs: number;
}

export interface LogPlace {
  readonly after: number;
  /** The newest position of the log as the caller knows it. */
  readonly head: number;
  /** Whether the client has named `after`. One that has not is told it, to come back to it. */
  readonly isNamed: boolean;
}

/** The client comes back after so long. */
const RETRY_HINT_MS = 1_000;
/** The pause after the log could not be read, and the limit of one wait for a turn. */
const PAUSE_MS = 1_000;
/** A text ends behind the event that reaches so many characters. */
const TEXT_CHARACTERS = 64 * 1024;
/** What is read at once from the log: events, and positions that are looked through for them. */
const PAGE = { eventsMax: 100, positionsMax: 20_000 };

interface Page {
  readonly frames: readonly Frame[];
  readonly readTo: number;
  /** The newest position, if the page is from the log itself. */
  readonly head?: number;
}

export function createLogReader(deps: LogReaderDeps, place: LogPlace, filter: LogFilter): LogReader {
  const { tail, heartbeatMs } = deps;
  let { after: position, head } = place;
  /** The position up to which the client knows that it has read. */
  let told = place.isNamed ? position : undefined;
  let isGreeted = false;
  let isOver = false;
  let goOn = (): void => {};

  return {
    async next() {
      const beatAt = performance.now() + heartbeatMs;
      if (!isGreeted) {
        isGreeted = true;
        return `retry: ${RETRY_HINT_MS}\n${whereabouts()}\n`;
      }
      while (!isOver) {
        const leftMs = beatAt - performance.now();
        if (leftMs <= 0) return `:\n${whereabouts()}\n`;
        const page = inMemory() ?? (await readPage(deps, position, filter, () => isOver));
        if (isOver || page === 'expired') return undefined;
        if (page === 'unread') await pause(Math.min(leftMs, PAUSE_MS));
        else if (page === 'end') await pause(leftMs, tail);
        else {
          const taken = take(page, filter);
          position = taken.readTo;
          head = page.head ?? head;
          told = taken.last ?? told;
          if (taken.text !== '') return taken.text;
        }
      }
      return undefined;
    },
    end() {
      isOver = true;
      goOn();
    },
  };

  /** What the memory has; undefined if that is not what follows. */
  function inMemory(): Page | 'end' | undefined {
    const frames = tail.behind(position);
    if (frames === 'passed') return undefined;
    if (frames !== 'ahead' && frames.length > 0) return { frames, readTo: position + frames.length };
    // Only those who are at the end wait for the tail, so that it is never far behind.
    return position < head ? undefined : 'end';
  }

  /** The line that lets the client come back to where it is, if it does not know that: a filter may have passed much. */
  function whereabouts(): string {
    if (told === position) return '';
    told = position;
    return `id: ${position}\n`;
  }

  /** Waits up to `limitMs`, and not longer than until the tail has grown or the reading ends. */
  function pause(limitMs: number, until?: LogTail): Promise<void> {
    return new Promise((resolve) => {
      goOn = () => {
        clearTimeout(timer);
        giveUp?.();
        resolve();
      };
      const timer = setTimeout(() => goOn(), limitMs);
      const giveUp = until?.await(position, () => goOn());
    });
  }
}

/** The page behind a position. `expired` if it is no longer kept, or not there yet; `unread` if the log could not be read. */
async function readPage(
  { database, turns }: LogReaderDeps,
  after: number,
  filter: LogFilter,
  isOver: () => boolean,
): Promise<Page | 'expired' | 'unread'> {
  const endTurn = await turns.take(PAUSE_MS);
  if (endTurn === undefined) return 'unread';
  try {
    if (isOver()) return 'unread';
    const { events, readTo, head } = await boundedQuery(database, () =>
      readLog(database, after, PAGE.eventsMax, filter, PAGE.positionsMax),
    );
    return after > head.position || after < head.firstPosition - 1
      ? 'expired'
      : { frames: events.map(frameOf), readTo, head: head.position };
  } catch {
    return 'unread';
  } finally {
    endTurn();
  }
}

/** The text of the frames of a page that pass the filter, up to a bound; the last of them; and how far that is in the log. */
function take({ frames, readTo }: Page, filter: LogFilter): { text: string; last?: number; readTo: number } {
  let text = '';
  let last: number | undefined;
  for (const frame of frames) {
    if (!passes(frame, filter)) continue;
    text += frame.text;
    last = frame.position;
    if (text.length >= TEXT_CHARACTERS) return { text, last, readTo: last };
  }
  return { text, ...(last === undefined ? {} : { last }), readTo };
}

function passes({ type, subject, tenant }: Frame, filter: LogFilter): boolean {
  return (
    (filter.tenant === undefined || filter.tenant === tenant) &&
    (filter.types === undefined || filter.types.includes(type)) &&
    (filter.subject === undefined || filter.subject === subject)
  );
}

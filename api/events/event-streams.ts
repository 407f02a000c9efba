/**
 * The open streams of events, a bounded number. A stream holds its place in the log and no events: it takes the next ones when its
 * socket has room. A slow reader so costs one text, and delays nobody.
 */
import type { Database } from '../../db/database.ts';
import type { LogFilter } from '../../db/events/log-queries.ts';
import type { Logger } from '../../process/telemetry.ts';
import { limitConcurrency } from '../http/concurrency.ts';
import { Shed } from '../http/load-limits.ts';
import { createLogReader, type LogPlace, type LogReader } from './log-reader.ts';
import { createLogTail } from './log-tail.ts';

export interface EventStreams {
  /**
   * Opens a stream of what follows a place. It ends when the server drains, and when what follows is no longer kept; the client
   * comes back and is told which. Throws `too_many_streams` (429).
   */
  readonly open: (place: LogPlace, filter: LogFilter, reader: StreamReader) => ReadableStream<Uint8Array>;
  /** How many are open. */
  readonly count: () => number;
  /** Says that the log may have something new. */
  readonly wake: () => void;
}

export interface StreamReader {
  /** Whether the reader's key is still valid. Asked before anything is sent: a stream ends with its key. */
  readonly isLetIn: () => Promise<boolean>;
  /** Called once if the client takes nothing any more; is to close its connection. */
  readonly cut: () => void;
}

export interface EventStreamsDeps {
  /** The events service's database. */
  readonly database: Database;
  readonly streamsMax: number;
  readonly logger: Logger;
  /** Ends all streams when it aborts. */
  readonly draining: AbortSignal;
  /** So often at least something is sent. Default: 15 000. */
  readonly heartbeatMs?: number;
  /** A client that takes nothing for so long gives its place to another. Default: 60 000. */
  readonly stallLimitMs?: number;
}

const HEARTBEAT_MS = 15_000;
const STALL_LIMIT_MS = 60_000;
/** So many streams that are behind read the log at once: requests need the connections too. */
const READS_MAX = 3;

export function createEventStreams(deps: EventStreamsDeps): EventStreams {
  const { database, streamsMax, logger, draining, heartbeatMs = HEARTBEAT_MS, stallLimitMs = STALL_LIMIT_MS } = deps;
  /** Each stream's own end. */
  const open = new Set<() => void>();
  const endAll = (): void => {
    for (const end of [...open]) end();
  };
  const tail = createLogTail({ database, logger, lost: endAll });
  const turns = limitConcurrency(READS_MAX);
  draining.addEventListener('abort', endAll, { once: true });

  return {
    open(place, filter, client) {
      if (open.size >= streamsMax)
        throw new Shed('streams', 'too_many_streams', { detail: `${streamsMax} are open. Try again, or read pages.` });
      return streamOf(createLogReader({ database, tail, turns, heartbeatMs }, place, filter), client);
    },
    count: () => open.size,
    wake: tail.wake,
  };

  function streamOf(reader: LogReader, { isLetIn, cut }: StreamReader): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    let stall: NodeJS.Timeout | undefined;
    let isOver = false;
    let close = (): void => {};
    const release = (): void => {
      isOver = true;
      open.delete(close);
      clearTimeout(stall);
      reader.end();
    };
    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          close = () => {
            release();
            controller.close();
          };
          open.add(close);
          if (draining.aborted) close();
        },
        async pull(controller) {
          clearTimeout(stall);
          const text = await reader.next();
          const isEnd = text === undefined || !(await isLetIn());
          if (isOver) return;
          if (isEnd) return close();
          stall = setTimeout(() => {
            release();
            cut();
          }, stallLimitMs);
          controller.enqueue(encoder.encode(text));
        },
        cancel: release,
      },
      // `pull` is called when the socket takes more, and not before.
      { highWaterMark: 0 },
    );
  }
}
